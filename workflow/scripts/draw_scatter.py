"""Draw the scores of a proxy against accuracies."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import figures

    figures.draw_scatter(
        run.by_dataset(snakemake.input.scores),
        run.by_dataset(snakemake.input.truths),
        snakemake.input.correlations,
        snakemake.wildcards.proxy,
        snakemake.output.pdf,
    )
