"""Draw the anytime curves of all searches."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting.costs import draw_anytime

    inputs, params = snakemake.input, snakemake.params
    draw_anytime(inputs.curves, params.searches, params.datasets, snakemake.output.pdf)
