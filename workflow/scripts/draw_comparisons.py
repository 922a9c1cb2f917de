"""Draw every search against every other."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import comparison_figures

    comparison_figures.draw_comparisons(
        snakemake.input.comparisons,
        snakemake.input.regret,
        snakemake.params.searches,
        snakemake.wildcards.dataset,
        snakemake.output.pdf,
    )
