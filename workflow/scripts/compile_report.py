"""Compile the report."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.report.latex import compile_pdf

    compile_pdf(snakemake.input.tex, snakemake.output.pdf)
