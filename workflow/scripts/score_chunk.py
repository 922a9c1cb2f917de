"""Score one chunk of cells with the proxies of one family."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.chunk import score_chunk
    from tfnas.seeds import child_seed

    params, wildcards = snakemake.params, snakemake.wildcards
    score_chunk(
        family=wildcards.family,
        proxies=params.proxies,
        first=int(wildcards.first),
        last=int(wildcards.last) + 1,
        batch_path=snakemake.input.batch,
        skeleton=params.skeleton,
        repeats=params.repeats,
        seed=child_seed(params.seed, wildcards.study, wildcards.dataset, "scores"),
        device=run.device,
        share_classes=params.share_classes,
        output=snakemake.output.table,
        first_images=params.first_images,
        scoring=params.scoring,
    )
