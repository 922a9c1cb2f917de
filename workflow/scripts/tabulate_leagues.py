"""Tabulate the searches that were chosen without the dataset they are judged on, and those they were chosen from."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting.leave_one_out import write_league_tables

    write_league_tables(
        snakemake.input.summary,
        snakemake.params.searches,
        snakemake.params.datasets,
        snakemake.output.table,
        snakemake.output.searches,
    )
