"""Draw what groups of searches have found after the same seconds."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting.equal_time import draw_equal_time

    draw_equal_time(snakemake.input.table, snakemake.params.datasets, snakemake.output.pdf)
