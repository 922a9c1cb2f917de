"""Write what the study file says of scores of a user's own."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.files import write_json

    write_json(snakemake.output[0], snakemake.params.own)
