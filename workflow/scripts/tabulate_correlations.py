"""Tabulate correlations."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import tables

    tables.write_correlation_table(
        snakemake.input.correlations,
        snakemake.params.datasets,
        snakemake.output.table,
    )
