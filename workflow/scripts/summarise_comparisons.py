"""Compare every two searches by their common runs."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.comparisons import compare_searches

    compare_searches(snakemake.input.runs, snakemake.output.table, snakemake.params.seed)
