"""Turn a table of given scores into a score table of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.own_scores import read_own

    table, dataset, params = snakemake.input.table, snakemake.wildcards.dataset, snakemake.params
    read_own(table, dataset, params.columns, params.names, snakemake.output.table, params.space)
