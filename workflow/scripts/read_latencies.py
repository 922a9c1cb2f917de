"""Turn a ready table into the latencies of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.latencies import convert

    table, params = snakemake.input.table, snakemake.params
    convert(table, snakemake.wildcards.dataset, params.columns, snakemake.output.table, params.space)
