"""Compare sub-spaces by the FLOPs of their cells."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.fronts import summarise_spaces

    summarise_spaces(
        run.by_dataset(snakemake.input.truths),
        dict(zip(snakemake.params.measured, snakemake.input.latencies, strict=True)),
        snakemake.params.spaces,
        snakemake.output.table,
    )
