"""Check the shipped score tables of one dataset and put what the study needs where computed scores would lie."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.files import write_json
    from tfnas.finished_scores import write_finished
    from tfnas.shipped import take_shipped

    params = snakemake.params
    table, facts = take_shipped(
        snakemake.input.tables, snakemake.wildcards.dataset, params.skeleton, params.proxies, params.scoring
    )
    if snakemake.output.get("batch"):
        write_json(snakemake.output.batch, facts["batch"])
    write_finished(snakemake.output.table, table, facts, run.one(snakemake.input.own), params.ensembles)
