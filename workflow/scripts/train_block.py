"""Train one block of distinct cells by the recipe of the study."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.seeds import child_seed
    from tfnas.truth.trainer import train_block

    params, wildcards = snakemake.params, snakemake.wildcards
    train_block(
        dataset=wildcards.dataset,
        image_path=params.path,
        recipe=params.recipe,
        skeleton=params.skeleton,
        first=int(wildcards.first),
        last=int(wildcards.last) + 1,
        seed=child_seed(params.seed, wildcards.study, wildcards.dataset, "training"),
        scratch=params.scratch,
        output=snakemake.output.table,
        device=run.device,
        folder=f"resources/{wildcards.dataset}",
    )
