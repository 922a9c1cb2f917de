"""Write every number that the report prints."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.numbers import write_numbers

    write_numbers(
        snakemake.params.study,
        snakemake.input.summary,
        snakemake.input.correlations,
        run.by_dataset(snakemake.input.truths),
        run.by_dataset(snakemake.input.scores),
        run.by_dataset(snakemake.input.batches),
        snakemake.input.quality,
        snakemake.input.pairs,
        snakemake.output.tex,
        run.one(snakemake.input.published),
        run.one(snakemake.input.noise),
    )
