"""Merge the trained blocks of one dataset into its ground truth."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.truth.trainer import merge_blocks

    merge_blocks(snakemake.input.blocks, snakemake.params.recipe, snakemake.output.table)
