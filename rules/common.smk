"""What the rules share: the checked study, the sources of a stage, the constraints of wildcards. No rule lives here."""

import shlex
import sys
import time
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from tfnas.errors import TfnasError
from tfnas.files import facts_path, fingerprint
from tfnas.product_rules import inputs, parameters, source_of, words
from tfnas.report.citations import check_references
from tfnas.report.templates import template_files
from tfnas.study.forecast import forecast
from tfnas.study.load import load_study, warnings_of
from tfnas.study.reading import read_file
from tfnas.study.settings import scored_names
from tfnas.study.study import REPORT, Study, download_mark, one_of
from tfnas.workflow import (
    check_writable,
    copy_report,
    forget_dead_locks,
    forget_logs,
    has_gpu,
    put_report_back,
    stage_sources,
    what_failed,
)

# What belongs to the project lies in the folder of the workflow; results go where the user stands.
PROJECT = "" if Path(workflow.basedir).samefile(Path.cwd()) else workflow.basedir
DEFAULT = "config.yaml" if Path("config.yaml").exists() else f"{workflow.basedir}/config.yaml"

# A study file given with --configfile stands for itself; config.yaml is the study when none is given.
try:
    layers = [(f"'{path}'", read_file(path)) for path in workflow.overwrite_configfiles or [DEFAULT]]
except TfnasError as error:
    raise WorkflowError(str(error)) from None
if not workflow.overwrite_configfiles:

    configfile: DEFAULT


try:
    checked = load_study(config, PROJECT, layers=[*layers, ("--config", workflow.config_settings.config)])
    check_references(checked, scored_names(checked), Path(workflow.basedir) / REPORT)
    check_writable(".snakemake", f"results/{checked['study']}", "resources")
except TfnasError as error:
    raise WorkflowError(str(error)) from None
config.clear()
config.update(checked)
STUDY = Study(config, PROJECT)
STARTED = time.time()
# After kill -9 or a power cut the same command goes on, without --unlock.
if workflow.is_main_process and not workflow.dryrun:
    forget_dead_locks(Path(".snakemake"))

for warning in warnings_of(config):
    logger.warning(warning)
try:
    for sentence in forecast(STUDY) if workflow.is_main_process else ():
        logger.info(sentence)
except TfnasError as error:
    raise WorkflowError(str(error)) from None

# Snakemake starts scripts through a shell with an unquoted sys.executable, which a folder with a space would break.
sys.executable = shlex.quote(sys.executable)


# A job that is killed before it starts leaves no log, so it must not leave that of an earlier run.
onstart:
    if not workflow.touch:
        forget_logs(job.log for job in workflow.dag.needrun_jobs())


# The copy at the root is made here and not by a job of `all`, so that two studies can run at the same time.
onsuccess:
    copy_report(STUDY.file("report.pdf"), "report.pdf", STARTED)


# A failed run ends with the sentences of the jobs that failed, not with their lists of files.
onerror:
    for sentence in what_failed(STUDY.file("logs"), STARTED) + what_failed("resources", STARTED):
        logger.error(sentence)


wildcard_constraints:
    study=one_of([STUDY.name]),
    dataset=one_of(STUDY.datasets),
    searched_on=one_of(STUDY.datasets),
    archive=one_of(STUDY.archives),
    scores=one_of(STUDY.score_folders),
    resource=one_of(STUDY.resources),
    family=one_of(STUDY.families),
    proxy=one_of(STUDY.scored),
    search=one_of(STUDY.searches),
    first=r"\d+",
    last=r"\d+",


@cache
def sources(script, *extra):
    """Return a script of this workflow and the library files that it uses; editing one of them reruns its rule."""
    path = Path(workflow.basedir) / "workflow" / "scripts" / f"{script}.py"
    return stage_sources(path, extra, STUDY.space_source)


def shown(product):
    """Return the outputs of a summary or an exhibit; what a person may want to see is part of `snakemake --report`."""
    captions = Path(workflow.basedir) / REPORT / "captions"
    outputs = {name: f"{STUDY.folder}/{path}" for name, path in product.outputs.items()}
    for name in product.reported:
        outputs[name] = report(
            outputs[name],
            caption=str(captions / f"{product.caption(name)}.rst"),
            category=product.category,
            labels={product.each: f"{{{product.each}}}"} if product.each else {},
        )
    return outputs


def called(product):
    """Return the files of the proxies' families where a product runs their code, beyond printing their titles."""
    return STUDY.family_source(*STUDY.families) if "proxies" in product.calls else []


def asked_report(wildcards):
    """Return the report for a target that leaves its copy at the root, where that of another study may lie."""
    if workflow.is_main_process and workflow.executor_plugin and not (workflow.dryrun or workflow.touch):
        put_report_back(STUDY.file("report.pdf"), "report.pdf")
    return STUDY.file("report.pdf")


def facts_of(tables):
    """Return the paths of the facts beside tables."""
    return [str(facts_path(table)) for table in tables]


def gpu(wildcards):
    """Return the GPUs that a scoring or training job takes: one, unless it can only be a CPU job."""
    device = config["scoring"]["device"]
    return int(device == "cuda" or (device == "auto" and has_gpu()))


def by_attempt(amount):
    """Return a resource that grows with every attempt: a job that ran out of memory or time is not tried with the same."""
    return lambda wildcards, attempt: amount * attempt


def on_device(minutes):
    """Return the resources of a job that computes with networks: a GPU where there is one, memory and time by attempt."""
    return {"gpu": gpu, "mem_mb": by_attempt(8000), "runtime": by_attempt(minutes)}
