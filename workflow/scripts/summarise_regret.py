"""Summarise how far all runs end from the best cell of the space."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.comparisons import summarise_regret

    summarise_regret(snakemake.input.runs, run.by_dataset(snakemake.input.truths), snakemake.output.table)
