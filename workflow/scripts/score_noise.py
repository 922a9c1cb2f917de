"""Score a sample of cells anew on two mini-batches, each with two initialisations."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.scoring.chunk import Chunk, Draws, score_chunk
    from tfnas.seeds import child_seed

    params, wildcards = snakemake.params, snakemake.wildcards
    seed = child_seed(params.seed, wildcards.study, wildcards.dataset, "scores")
    score_chunk(
        Chunk(
            wildcards.family, params.proxies, 0, params.cells, params.share_classes, params.space, *snakemake.input.pool
        ),
        Draws(params.repeats, seed),
        outputs=dict(zip(snakemake.input.batches, snakemake.output.tables, strict=True)),
        skeleton=params.skeleton,
        device=run.device,
        first_images=params.first_images,
    )
