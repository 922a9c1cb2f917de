"""Correlate scores with accuracies."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.summaries import summarise_correlations

    scores, truths = run.by_dataset(snakemake.input.scores), run.by_dataset(snakemake.input.truths)
    summarise_correlations(scores, truths, snakemake.output.table)
