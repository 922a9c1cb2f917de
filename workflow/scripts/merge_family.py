"""Merge the scoring chunks of one family into a score table of all cells."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.plan import merge_chunks

    merge_chunks(snakemake.input.chunks, snakemake.output.table, snakemake.params.share_classes)
