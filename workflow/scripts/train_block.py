"""Train one block of distinct cells by the recipe of the study."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.datasets.sources import ImageSource
    from tfnas.seeds import child_seed
    from tfnas.truth.trainer import Training, train_block

    params, wildcards = snakemake.params, snakemake.wildcards
    seed = child_seed(params.seed, wildcards.study, wildcards.dataset, "training")
    train_block(
        ImageSource(wildcards.dataset, params.path, f"resources/{wildcards.dataset}"),
        Training(params.recipe, params.skeleton, seed),
        first=int(wildcards.first),
        last=int(wildcards.last) + 1,
        scratch=params.scratch,
        output=snakemake.output.table,
        device=run.device,
    )
