"""Turn what was read of the official archive into the ground truth of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.archive import take_dataset

    table, dataset, params = snakemake.input.table, snakemake.wildcards.dataset, snakemake.params
    take_dataset(table, dataset, snakemake.output.table, params.allow_incomplete)
