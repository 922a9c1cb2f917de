"""Choose for every dataset a search of each league by the regret on the others."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.leave_one_out import choose_searches

    choose_searches(snakemake.input.regret, snakemake.params.leagues, snakemake.params.datasets, snakemake.output.table)
