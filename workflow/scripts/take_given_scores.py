"""Put given scores of one dataset where computed ones would lie, with ensembles and facts."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.datasets.sources import dataset_shape
    from tfnas.scoring.finish import take_given

    classes, channels, size = dataset_shape(snakemake.wildcards.dataset, snakemake.params.path)
    take_given(
        run.one(snakemake.input.own),
        snakemake.params.skeleton,
        (channels, size, size),
        classes,
        snakemake.output.table,
        snakemake.output.batch,
        snakemake.params.ensembles,
    )
