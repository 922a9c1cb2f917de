"""Make a summary: a table that exhibits read (src/tfnas/analysis, one file each)."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.products import make

    make(snakemake)
