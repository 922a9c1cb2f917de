"""Do one block of runs of a search that prunes supernets on one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.datasets.sources import ImageSource
    from tfnas.search.block import Block
    from tfnas.search.live.supernets import prune_block

    params, wildcards = snakemake.params, snakemake.wildcards
    first, last = int(wildcards.first), int(wildcards.last)
    prune_block(
        Block(wildcards.search, params.settings, first, last, params.seed, wildcards.study),
        ImageSource(wildcards.dataset, params.path, f"resources/{wildcards.dataset}"),
        device=run.device,
        scratch=params.scratch,
        output=snakemake.output.table,
        rounds=snakemake.output.rounds,
    )
