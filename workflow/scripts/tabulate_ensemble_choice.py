"""Tabulate the ensembles that were chosen without the dataset they are judged on."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.leave_one_out import SPEARMAN, TOP_CELL
    from tfnas.reporting.leave_one_out import write_ensemble_choice_table

    write_ensemble_choice_table(snakemake.input.summary, SPEARMAN, snakemake.output.table)
    write_ensemble_choice_table(snakemake.input.summary, TOP_CELL, snakemake.output.top)
