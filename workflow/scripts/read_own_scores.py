"""Turn a table of given scores into a score table of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.own_scores import read_own

    read_own(
        snakemake.input.table,
        snakemake.wildcards.dataset,
        snakemake.params.columns,
        snakemake.params.names,
        snakemake.output.table,
        snakemake.params.space,
    )
