"""Turn a ready table into the ground truth of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.table import convert

    convert(
        snakemake.input.table,
        snakemake.wildcards.dataset,
        snakemake.params.columns,
        snakemake.output.table,
        snakemake.params.allow_incomplete,
        snakemake.params.skeleton,
        snakemake.params.space,
    )
