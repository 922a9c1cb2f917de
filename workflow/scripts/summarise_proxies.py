"""Correlate scores with accuracies among the best cells and beside costs, and scores with one another."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.summaries import summarise_pairs, summarise_proxies

    scores, truths = run.by_dataset(snakemake.input.scores), run.by_dataset(snakemake.input.truths)
    summarise_proxies(scores, truths, snakemake.params.proxies, snakemake.output.table)
    summarise_pairs(scores, snakemake.params.proxies, snakemake.output.pairs)
