"""Tabulate how far every search ends from the best cell of the space."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import comparison_tables

    comparison_tables.write_regret_table(
        snakemake.input.regret, snakemake.params.searches, snakemake.params.datasets, snakemake.output.table
    )
