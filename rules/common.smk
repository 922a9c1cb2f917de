"""What the rules share: the checked study, the sources of a stage, the constraints of wildcards. No rule lives here."""

import shlex
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from tfnas.config import load_study, scored_names, warnings_of
from tfnas.errors import TfnasError
from tfnas.proxies.registry import check_citations
from tfnas.reporting.latex import template_files
from tfnas.study import REPORT, Study, download_mark, one_of
from tfnas.workflow import check_writable, forget_dead_locks, has_gpu, stage_sources

# A study file given with --configfile stands for itself; config.yaml is the study when none is given.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


try:
    checked = load_study(config)
    check_writable(".snakemake", f"results/{checked['study']}", "resources")
    check_citations(scored_names(checked), Path(workflow.basedir) / REPORT / "refs.bib")
except TfnasError as error:
    raise WorkflowError(str(error)) from None
config.clear()
config.update(checked)
STUDY = Study(config)
# After kill -9 or a power cut the same command goes on, without --unlock.
if workflow.is_main_process and not workflow.dryrun:
    forget_dead_locks(Path(".snakemake"))

for warning in warnings_of(config):
    logger.warning(warning)

# Snakemake starts scripts through a shell with an unquoted sys.executable, which a folder with a space would break.
if sys.executable != shlex.quote(sys.executable):
    sys.executable = shlex.quote(sys.executable)


wildcard_constraints:
    study=one_of([STUDY.name]),
    dataset=one_of(STUDY.datasets),
    searched_on=one_of(STUDY.datasets),
    archive=one_of(STUDY.archives),
    resource=one_of(STUDY.resources),
    family=one_of(STUDY.families),
    proxy=one_of(STUDY.scored),
    search=one_of(STUDY.searches),
    first=r"\d+",
    last=r"\d+",


@cache
def sources(script, *extra):
    """Return the library files that a script of this workflow uses; editing one of them reruns its rule."""
    return stage_sources(Path(workflow.basedir) / "workflow" / "scripts" / f"{script}.py", extra)


def gpu(wildcards):
    """Return the GPUs that a scoring or training job takes: one, unless it can only be a CPU job."""
    device = config["scoring"]["device"]
    return int(device == "cuda" or (device == "auto" and has_gpu()))
