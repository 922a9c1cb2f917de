"""Turn a ready table into the latencies of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.latencies import convert

    convert(
        snakemake.input.table,
        snakemake.wildcards.dataset,
        snakemake.params.columns,
        snakemake.output.table,
        snakemake.params.space,
    )
