"""Draw the fixed mini-batch of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.datasets.images import make_batch
    from tfnas.datasets.sources import load_images
    from tfnas.seeds import child_seed

    dataset, params = snakemake.wildcards.dataset, snakemake.params
    images = load_images(dataset, params.path, f"resources/{dataset}")
    seed = child_seed(params.seed, snakemake.wildcards.study, dataset, "batch")
    make_batch(images, params.batch_size, seed).write(snakemake.output.batch)
