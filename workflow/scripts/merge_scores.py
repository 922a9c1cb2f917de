"""Merge the scoring chunks of all families into the score table of a dataset, and add the ensembles."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.finish import write_finished
    from tfnas.scoring.plan import merged_chunks

    table, facts = merged_chunks(snakemake.input.chunks, snakemake.params.share_classes)
    own = next(iter(snakemake.input.own), None)
    write_finished(snakemake.output.table, table, facts, own, snakemake.params.ensembles)
