"""Run one block of runs of one search on every dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.search.block import Block
    from tfnas.search.runner import run_blocks

    params, wildcards = snakemake.params, snakemake.wildcards
    first, last = int(wildcards.first), int(wildcards.last)
    block = Block(wildcards.search, params.settings, first, last, params.seed, wildcards.study)
    run_blocks(block, params.blocks, run.by_dataset(snakemake.input.truths), params.pay_once)
