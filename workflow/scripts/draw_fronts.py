"""Draw the Pareto fronts of searches beside the true one."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.hardware import draw_fronts

    draw_fronts(
        snakemake.input.summary,
        snakemake.input.cells,
        run.by_dataset(snakemake.input.truths),
        dict(zip(snakemake.params.measured, snakemake.input.latencies, strict=True)),
        snakemake.params.searches,
        snakemake.output.pdf,
    )
