"""Compare our searches with the published rows they match."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.published_searches import write_published_summary

    write_published_summary(
        snakemake.input.summary,
        run.one(snakemake.input.published),
        snakemake.params.searches,
        snakemake.params.datasets,
        snakemake.params.budgets,
        snakemake.output.table,
    )
