"""Write the checked study file, defaults filled in, beside the results."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.study.reading import write_yaml

    write_yaml(snakemake.output[0], snakemake.params.config)
