"""Make an exhibit: a figure or a table of the report (src/tfnas/report/exhibits, one file each)."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.products import make
    from tfnas.report.rounding import printing

    with printing(snakemake.params.decimals):
        make(snakemake)
