"""Time the proxies of a family on this machine."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.rates import measure_rates
    from tfnas.seeds import child_seed

    wildcards = snakemake.wildcards
    measure_rates(
        family=wildcards.family,
        proxies=snakemake.params.proxies,
        scores=snakemake.input.scores,
        device=run.device,
        seed=child_seed(snakemake.params.seed, wildcards.study, wildcards.dataset, "rates", wildcards.family),
        output=snakemake.output[0],
    )
