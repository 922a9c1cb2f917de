"""Check the shipped score table of one dataset and put it where a computed one would lie."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.shipped import take_shipped

    params = snakemake.params
    take_shipped(
        snakemake.input.table,
        snakemake.wildcards.dataset,
        params.skeleton,
        params.proxies,
        snakemake.output.table,
        snakemake.output.get("batch"),
        params.ensembles,
        params.scoring,
        run.one(snakemake.input.own),
    )
