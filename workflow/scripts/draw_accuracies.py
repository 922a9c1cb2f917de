"""Draw the distribution of accuracies on every dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import figures

    figures.draw_accuracies(run.by_dataset(snakemake.input.truths), snakemake.output.pdf)
