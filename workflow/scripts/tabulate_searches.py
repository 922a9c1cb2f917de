"""Tabulate every search on every dataset, searched where it is evaluated."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import tables

    tables.write_search_table(
        snakemake.input.summary,
        snakemake.params.searches,
        snakemake.params.datasets,
        snakemake.output.table,
        searched_on=None,
        published_path=run.one(snakemake.input.published),
    )
