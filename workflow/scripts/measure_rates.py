"""Time the proxies that searches read on this machine."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.rates import measure_rates
    from tfnas.seeds import child_seed

    measure_rates(
        families=snakemake.params.families,
        scores=list(snakemake.input.scores),
        device=run.device,
        seed=child_seed(snakemake.params.seed, snakemake.wildcards.study, snakemake.wildcards.dataset, "rates"),
        output=snakemake.output[0],
    )
