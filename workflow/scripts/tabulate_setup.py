"""Tabulate datasets, skeleton and settings."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import tables

    tables.write_setup_table(
        snakemake.params.study,
        run.by_dataset(snakemake.input.batches),
        run.by_dataset(snakemake.input.truths),
        run.by_dataset(snakemake.input.scores),
        snakemake.output.table,
    )
