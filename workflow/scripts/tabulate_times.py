"""Tabulate search times."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import tables

    tables.write_time_table(
        snakemake.input.summary, snakemake.params.searches, snakemake.params.datasets, snakemake.output.table
    )
