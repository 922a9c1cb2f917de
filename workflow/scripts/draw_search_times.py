"""Draw test accuracy against search time."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import figures

    figures.draw_search_times(snakemake.input.summary, snakemake.params.searches, snakemake.output.pdf)
