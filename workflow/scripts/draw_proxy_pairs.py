"""Draw how alike scores are."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import proxy_figures

    proxy_figures.draw_proxy_pairs(
        snakemake.input.pairs,
        snakemake.input.correlations,
        snakemake.wildcards.dataset,
        snakemake.params.names,
        snakemake.params.datasets,
        snakemake.output.pdf,
    )
