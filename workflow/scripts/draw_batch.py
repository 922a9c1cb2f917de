"""Draw the images of a mini-batch."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import figures

    figures.draw_batch(snakemake.input.batch, snakemake.output.pdf)
