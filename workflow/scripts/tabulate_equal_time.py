"""Write what groups of searches have found after the same seconds."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting.equal_time import write_equal_time_table

    params = snakemake.params
    write_equal_time_table(snakemake.input.table, params.searches, params.datasets, snakemake.output.tex)
