"""Turn a ready table into the ground truth of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.pool import take_pool
    from tfnas.truth.table import convert

    table, dataset, params = snakemake.input.table, snakemake.wildcards.dataset, snakemake.params
    known = (params.allow_incomplete or params.pool is not None, params.skeleton, params.space, params.metric)
    convert(table, dataset, params.columns, snakemake.output.table, *known)
    take_pool(snakemake.output.table, params.pool)
