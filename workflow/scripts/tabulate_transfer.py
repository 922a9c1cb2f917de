"""Tabulate what cells found on the first dataset reach on the others."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import tables

    tables.write_search_table(
        snakemake.input.summary,
        snakemake.params.searches,
        snakemake.params.datasets,
        snakemake.output.table,
        searched_on=snakemake.params.datasets[0],
        published_path=run.one(snakemake.input.published),
    )
