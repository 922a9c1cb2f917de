"""Summarise all runs of all searches."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.summaries import summarise_searches

    summarise_searches(snakemake.input.runs, snakemake.output.table, snakemake.params.seed)
