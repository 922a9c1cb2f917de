"""Tabulate the settings of the searches."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import tables

    tables.write_settings_table(snakemake.params.searches, snakemake.output.table)
