"""Time the proxies that searches read on this machine."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.machine_seconds import measure_seconds
    from tfnas.seeds import child_seed

    measure_seconds(
        families=snakemake.params.families,
        scores=list(snakemake.input.scores),
        device=run.device,
        seed=child_seed(snakemake.params.seed, snakemake.wildcards.study, snakemake.wildcards.dataset, "rates"),
        output=snakemake.output[0],
    )
