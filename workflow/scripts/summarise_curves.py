"""Summarise the anytime curves of all searches, against seconds and against looks at accuracies."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.curves import summarise_curves, summarise_queries

    summarise_curves(snakemake.input.curves, snakemake.output.table)
    summarise_queries(snakemake.input.curves, snakemake.params.references, snakemake.output.queries)
