"""Tabulate what searches with a limit chose."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.hardware import write_limits_table

    write_limits_table(
        snakemake.input.summary, snakemake.params.searches, snakemake.params.datasets, snakemake.output.table
    )
