"""Compute NASWOT's kernels of a few cells, to be looked at."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.analysis.kernel_maps import measure_kernels
    from tfnas.seeds import child_seed

    params, wildcards = snakemake.params, snakemake.wildcards
    measure_kernels(
        batch_path=snakemake.input.batch,
        truth_path=snakemake.input.truth,
        dataset=wildcards.dataset,
        skeleton=params.skeleton,
        seed=child_seed(params.seed, wildcards.study, wildcards.dataset, "kernels"),
        device=run.device,
        output=snakemake.output.kernels,
        first_images=params.first_images,
    )
