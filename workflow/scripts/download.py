"""Download a dataset or the archive of the benchmark into `resources/`, and say when it is complete."""

from tfnas.workflow import job

with job(snakemake) as run:
    from pathlib import Path

    from tfnas.datasets.downloads import download
    from tfnas.files import write_json

    folder = Path(snakemake.output[0]).parent
    download(snakemake.wildcards.resource, folder)
    files = sorted(path.name for path in folder.iterdir() if path.name != Path(snakemake.output[0]).name)
    write_json(snakemake.output[0], {"resource": snakemake.wildcards.resource, "files": files})
