"""Draw a cell and the macro skeleton."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import figures

    figures.draw_search_space(snakemake.params.skeleton, snakemake.output.pdf)
