"""Draw what every search has found after so many looks at accuracies."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting.queries import draw_queries

    params = snakemake.params
    draw_queries(snakemake.input.table, params.searches, params.datasets, snakemake.output.pdf)
