"""Check the shipped score tables of one dataset and put what the study needs where computed scores would lie."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.finish import write_finished
    from tfnas.scoring.shipped_tables import take_shipped

    params, output = snakemake.params, snakemake.output
    table, facts = take_shipped(
        snakemake.input.tables, params.images_of, params.skeleton, params.proxies, params.scoring
    )
    facts["dataset"] = snakemake.wildcards.dataset
    own = next(iter(snakemake.input.own), None)
    write_finished(output.table, table, facts, own, params.ensembles, output.get("batch"))
