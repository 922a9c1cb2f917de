"""Summarise how far all runs end from the best cell of the space."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.comparisons import summarise_regret

    truths = run.by_dataset(snakemake.input.truths)
    summarise_regret(snakemake.input.runs, truths, snakemake.output.table, snakemake.params.seed)
