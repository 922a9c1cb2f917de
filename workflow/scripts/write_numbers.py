"""Write every number that the report prints (src/tfnas/reporting/numbers, a file for each topic)."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting.numbers.base import make

    make(snakemake)
