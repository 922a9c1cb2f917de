"""Write every number that the report prints (src/tfnas/report/numbers, a file for each topic)."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.report.numbers.base import make

    make(snakemake)
