"""Tabulate what every accuracy means."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting import tables

    tables.write_contract_table(run.by_dataset(snakemake.input.truths), snakemake.output.table)
