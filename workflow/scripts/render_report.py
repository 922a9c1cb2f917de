"""Fill the templates of the report."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.report.templates import render_report

    render_report(
        snakemake.params.study,
        snakemake.params.scored,
        snakemake.params.folder,
        snakemake.input.numbers,
        list(snakemake.input.exhibits),
        snakemake.output.tex,
    )
