"""Draw NASWOT's kernels of a few cells."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting import figures

    figures.draw_kernels(snakemake.input.kernels, snakemake.output.pdf)
