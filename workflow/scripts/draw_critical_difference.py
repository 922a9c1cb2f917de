"""Draw the mean ranks of searches over datasets."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import comparison_figures

    comparison_figures.draw_critical_difference(snakemake.input.ranks, snakemake.params.searches, snakemake.output.pdf)
