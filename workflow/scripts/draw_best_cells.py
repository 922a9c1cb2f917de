"""Draw the best cells of every dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import figures

    figures.draw_best_cells(run.by_dataset(snakemake.input.truths), snakemake.output.pdf)
