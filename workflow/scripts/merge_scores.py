"""Merge the scoring chunks of all families into the score table of a dataset, and add the ensembles."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.ensembles import with_ensembles
    from tfnas.files import write_table
    from tfnas.own_scores import with_own
    from tfnas.scoring_plan import merged_chunks

    table, facts = merged_chunks(snakemake.input.chunks, snakemake.params.share_classes)
    table, facts = with_own(table, facts, run.one(snakemake.input.own))
    write_table(snakemake.output.table, *with_ensembles(table, facts, snakemake.params.ensembles))
