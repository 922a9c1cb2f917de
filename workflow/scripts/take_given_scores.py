"""Put given scores of one dataset where computed ones would lie, with ensembles and facts."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.datasets import shape_of
    from tfnas.own_scores import take_given

    shape, classes = shape_of(snakemake.wildcards.dataset, snakemake.params.path)
    take_given(
        run.one(snakemake.input.own),
        snakemake.params.skeleton,
        shape,
        classes,
        snakemake.output.table,
        snakemake.output.batch,
        snakemake.params.ensembles,
    )
