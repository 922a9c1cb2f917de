"""Tabulate what stands at the top of the order of every score."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting import proxy_tables

    proxy_tables.write_first_table(
        snakemake.input.quality,
        snakemake.input.correlations,
        snakemake.params.names,
        snakemake.params.datasets,
        snakemake.output.table,
    )
