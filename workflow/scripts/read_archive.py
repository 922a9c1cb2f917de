"""Read every record of an official archive once, for all datasets that take their ground truth from it."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.archive import read_archive

    params = snakemake.params
    read_archive(params.archive, params.datasets, snakemake.output.table, params.allow_incomplete)
