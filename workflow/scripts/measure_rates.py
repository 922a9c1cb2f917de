"""Time the proxies of a family on this machine."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.rates import measure_rates

    measure_rates(
        family=snakemake.wildcards.family,
        proxies=snakemake.params.proxies,
        scores=snakemake.input.scores,
        device=run.device,
        output=snakemake.output[0],
    )
