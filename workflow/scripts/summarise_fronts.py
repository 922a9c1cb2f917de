"""Measure the Pareto fronts of all runs of the searches that keep one."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.fronts import summarise_fronts

    params = snakemake.params
    summarise_fronts(
        snakemake.input.runs,
        run.by_dataset(snakemake.input.truths),
        dict(zip(params.measured, snakemake.input.latencies, strict=True)),
        params.searches,
        snakemake.output.table,
        snakemake.output.cells,
        params.seed,
    )
