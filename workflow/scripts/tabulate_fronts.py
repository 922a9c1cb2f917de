"""Tabulate how much of the true Pareto front searches find."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.hardware import write_fronts_table

    write_fronts_table(
        snakemake.input.summary, snakemake.params.searches, snakemake.params.datasets, snakemake.output.table
    )
