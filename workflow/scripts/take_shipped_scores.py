"""Check the shipped score table of one dataset and put it where a computed one would lie."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.shipped import take_shipped

    take_shipped(
        snakemake.input.table,
        snakemake.wildcards.dataset,
        snakemake.params.skeleton,
        snakemake.params.proxies,
        snakemake.output.table,
        snakemake.output.batch,
        snakemake.params.ensembles,
        run.one(snakemake.input.own),
    )
