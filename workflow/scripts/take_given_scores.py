"""Put given scores of one dataset where computed ones would lie, with ensembles and facts."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.datasets.sources import dataset_shape
    from tfnas.scoring.finish import take_given

    own, params, output = next(iter(snakemake.input.own), None), snakemake.params, snakemake.output
    classes, channels, size = dataset_shape(params.images_of, params.path)
    shape = (channels, size, size)
    take_given(own, params.skeleton, shape, classes, output.table, output.batch, params.ensembles)
