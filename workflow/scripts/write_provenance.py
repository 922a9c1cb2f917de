"""Write what made the study: commit, versions, machine, and the seconds of every rule."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.files import write_json
    from tfnas.provenance import provenance, seconds_by_rule

    seconds = seconds_by_rule(snakemake.params.benchmarks, set(snakemake.params.blocks))
    write_json(snakemake.output[0], provenance() | {"study": snakemake.wildcards.study, "seconds_by_rule": seconds})
