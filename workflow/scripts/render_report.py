"""Fill the templates of the report."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.report.templates import render_report

    params, given, output = snakemake.params, snakemake.input, snakemake.output
    render_report(params.study, params.scored, params.folder, given.numbers, list(given.exhibits), output.tex)
