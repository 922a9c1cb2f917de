"""Tabulate the ranking of proxies."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import proxy_tables

    proxy_tables.write_ranking_table(
        snakemake.input.correlations,
        snakemake.params.names,
        snakemake.params.datasets,
        snakemake.output.table,
    )
