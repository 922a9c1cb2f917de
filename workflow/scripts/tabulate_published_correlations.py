"""Tabulate our correlations beside published ones."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import proxy_tables

    proxy_tables.write_published_table(
        snakemake.input.correlations,
        run.one(snakemake.input.published),
        snakemake.params.names,
        snakemake.params.datasets,
        snakemake.output.table,
    )
