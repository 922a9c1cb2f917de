"""Summarise the anytime curves of all searches."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.curves import summarise_curves

    summarise_curves(snakemake.input.curves, snakemake.output.table)
