"""Set what searches with a limit chose beside their limits and the best cells within these."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.limits import summarise_limits

    params = snakemake.params
    summarise_limits(
        snakemake.input.runs,
        run.by_dataset(snakemake.input.truths),
        dict(zip(params.measured, snakemake.input.latencies, strict=True)),
        params.searches,
        snakemake.output.table,
        params.seed,
    )
