"""Summarise how far scores depend on initialisation and mini-batch."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.noise import summarise_noise

    summarise_noise(
        snakemake.input.first,
        snakemake.input.second,
        run.by_dataset(snakemake.input.scores),
        snakemake.params.proxies,
        snakemake.output.table,
    )
