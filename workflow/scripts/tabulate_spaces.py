"""Tabulate sub-spaces by the FLOPs of their cells."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.hardware import write_spaces_table

    write_spaces_table(
        snakemake.input.summary, snakemake.params.spaces, snakemake.params.datasets, snakemake.output.table
    )
