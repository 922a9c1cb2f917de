"""Tabulate how good and how stable scores are."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import proxy_tables

    proxy_tables.write_quality_table(
        snakemake.input.quality,
        snakemake.input.correlations,
        snakemake.params.names,
        snakemake.params.datasets,
        snakemake.output.table,
        run.one(snakemake.input.noise),
    )
