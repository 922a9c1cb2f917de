"""Compare groups of searches after the same seconds of scoring and training."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.equal_time import summarise_equal_time

    params = snakemake.params
    summarise_equal_time(
        snakemake.input.curves,
        params.groups,
        params.priors,
        params.random_cell,
        snakemake.output.table,
        params.seed,
    )
