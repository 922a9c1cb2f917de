"""Draw the fixed mini-batch of one dataset."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.datasets.images import make_batch, stands_for
    from tfnas.datasets.sources import load_images
    from tfnas.seeds import child_seed

    dataset, params = snakemake.wildcards.dataset, snakemake.params
    images = load_images(params.images_of, params.path, f"resources/{params.images_of}")
    seed = child_seed(params.seed, snakemake.wildcards.study, params.images_of, "batch")
    batch = make_batch(images, params.batch_size, seed)
    stands_for(batch, dataset).write(snakemake.output.batch)
