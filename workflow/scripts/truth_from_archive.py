"""Turn what was read of the official archive into the ground truth of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.archive import take_dataset

    take_dataset(
        snakemake.input.table, snakemake.wildcards.dataset, snakemake.output.table, snakemake.params.allow_incomplete
    )
