"""Score one chunk of cells with the proxies of one family."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.chunk import Chunk, Draws, score_chunk
    from tfnas.seeds import child_seed

    params, wildcards = snakemake.params, snakemake.wildcards
    first, end = int(wildcards.first), int(wildcards.last) + 1
    seed = child_seed(params.seed, wildcards.study, wildcards.dataset, "scores")
    score_chunk(
        Chunk(wildcards.family, params.proxies, first, end, params.share_classes, params.space, *snakemake.input.pool),
        Draws(params.repeats, seed, params.scoring),
        outputs={snakemake.input.batch: snakemake.output.table},
        skeleton=params.skeleton,
        device=run.device,
        first_images=params.first_images,
    )
