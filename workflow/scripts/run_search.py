"""Run one block of runs of one search on one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.search.runner import run_block

    params, wildcards = snakemake.params, snakemake.wildcards
    run_block(
        search=wildcards.search,
        settings=params.settings,
        searched_on=wildcards.searched_on,
        truth_paths=run.by_dataset(snakemake.input.truths),
        score_path=run.one(snakemake.input.scores),
        more_scores=list(snakemake.input.scores)[1:],
        first=int(wildcards.first),
        last=int(wildcards.last),
        seed=params.seed,
        budget_seconds=params.budget_seconds,
        output=snakemake.output.table,
        study=wildcards.study,
        curves=snakemake.output.curves,
        pay_once=params.pay_once,
        latency_path=run.one(snakemake.input.latencies),
        live_paths=list(snakemake.input.live),
    )
