"""Choose for every dataset an ensemble of proxies by the accuracies of the others."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.leave_one_out import choose_ensembles

    scores, truths = run.by_dataset(snakemake.input.scores), run.by_dataset(snakemake.input.truths)
    choose_ensembles(scores, truths, snakemake.params.proxies, snakemake.params.largest, snakemake.output.table)
