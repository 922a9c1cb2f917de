"""Draw the rank correlations of all proxies."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import figures

    figures.draw_correlations(
        snakemake.input.correlations,
        snakemake.params.datasets,
        snakemake.output.pdf,
        run.one(snakemake.input.published),
    )
