"""Tabulate every search against the best one."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import comparison_tables

    comparison_tables.write_comparison_table(
        snakemake.input.comparisons,
        snakemake.input.regret,
        snakemake.params.searches,
        snakemake.params.datasets,
        snakemake.output.table,
    )
