"""Convert the official archive into the ground truth of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.archive import convert

    convert(
        snakemake.params.archive,
        snakemake.wildcards.dataset,
        snakemake.output.table,
        snakemake.params.allow_incomplete,
    )
