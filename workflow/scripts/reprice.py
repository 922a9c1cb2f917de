"""Price the runs of all searches by the score table, by this machine and by papers."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.prices import reprice
    from tfnas.reporting.published import published_rates

    params, inputs = snakemake.params, snakemake.input
    reprice(
        run_paths=inputs.runs,
        rate_paths=inputs.rates,
        members=params.members,
        published=published_rates(run.one(inputs.published), params.datasets),
        output=snakemake.output.table,
        unpriced=params.unpriced,
    )
