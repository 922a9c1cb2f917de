"""Tabulate versions, machines and where everything came from."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.provenance import write_provenance_table

    write_provenance_table(snakemake.input.provenance, run.by_dataset(snakemake.input.scores), snakemake.output.table)
