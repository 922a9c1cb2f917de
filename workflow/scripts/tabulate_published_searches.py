"""Tabulate our searches beside published ones."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.published_tables import write_published_search_table

    write_published_search_table(
        snakemake.input.against,
        run.one(snakemake.input.published),
        snakemake.params.searches,
        snakemake.params.datasets,
        snakemake.output.table,
    )
