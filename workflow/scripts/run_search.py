"""Run one block of runs of one search on every dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.search.runner import run_blocks

    params, wildcards = snakemake.params, snakemake.wildcards
    run_blocks(
        params.blocks,
        search=wildcards.search,
        settings=params.settings,
        truth_paths=run.by_dataset(snakemake.input.truths),
        first=int(wildcards.first),
        last=int(wildcards.last),
        seed=params.seed,
        study=wildcards.study,
        pay_once=params.pay_once,
    )
