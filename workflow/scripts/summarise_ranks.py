"""Rank the searches over the datasets of the study."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.comparisons import rank_searches

    rank_searches(snakemake.input.summary, snakemake.params.searches, snakemake.params.datasets, snakemake.output.table)
