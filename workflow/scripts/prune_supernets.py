"""Do one block of runs of a search that prunes supernets on one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.search.live.supernets import prune_block

    params, wildcards = snakemake.params, snakemake.wildcards
    prune_block(
        search=wildcards.search,
        settings=params.settings,
        dataset=wildcards.dataset,
        image_path=params.path,
        first=int(wildcards.first),
        last=int(wildcards.last),
        seed=params.seed,
        study=wildcards.study,
        device=run.device,
        scratch=params.scratch,
        output=snakemake.output.table,
        rounds=snakemake.output.rounds,
        folder=f"resources/{wildcards.dataset}",
    )
