"""Score a sample of cells anew on two mini-batches, each with two initialisations."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.chunk import score_batches
    from tfnas.seeds import child_seed

    params, wildcards = snakemake.params, snakemake.wildcards
    score_batches(
        list(snakemake.input.batches),
        list(snakemake.output.tables),
        family=wildcards.family,
        proxies=params.proxies,
        first=0,
        last=params.cells,
        skeleton=params.skeleton,
        repeats=params.repeats,
        seed=child_seed(params.seed, wildcards.study, wildcards.dataset, "scores"),
        device=run.device,
        share_classes=params.share_classes,
        first_images=params.first_images,
    )
