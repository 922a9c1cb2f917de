"""Every command that README, docs, comments of settings files and error sentences print is run as printed.

Snakemake plans instead of working, make prints its recipe, our own programs stop when they have read their options.
What ``snakemake --report`` does to a finished study is tested where there is one (``test_runs.py``).
"""

from __future__ import annotations

import argparse
import runpy
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml
from printed_commands import FOREIGN, printed_commands, words_of
from workflow_helpers import PRETENCE, Project, write_inputs

ROOT = Path(__file__).resolve().parents[2]
PRINTED = printed_commands(ROOT)
COMMANDS = {command: words_of(command) for command in PRINTED}


def of(*programs):
    return [command for command, words in COMMANDS.items() if Path(words[0]).name in programs]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A project as a new user has it, with the files of one's own that documents speak of."""
    project = Project.copy_to(ROOT, tmp_path_factory.mktemp("commands") / "a clone")
    for name in ("Makefile", "tools", "docs", "benchmarks"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, project.folder / name)
    write_inputs(project.folder)
    (project.folder / "mine.yaml").write_text("search: {runs: 50}\n")
    images = np.random.default_rng(0).integers(0, 256, (400, 3, 16, 16), dtype=np.uint8)
    np.savez(project.folder / "images.npz", images=images, labels=np.arange(400) % 4)
    return project


def test_documents_print_commands_of_every_kind():
    assert len(COMMANDS) > 20
    assert of("snakemake")
    assert of("make")
    assert of("python")
    assert {Path(words[0]).name for words in COMMANDS.values()} <= {"snakemake", "make", "python", "source", *FOREIGN}


@pytest.mark.parametrize("command", [command for command in of("snakemake") if "--report" not in COMMANDS[command]])
def test_snakemake_understands_what_is_printed(place, command):
    if "apptainer" in COMMANDS[command] and not shutil.which("apptainer"):
        pytest.skip("apptainer is not installed")
    said = place.snakemake("--dry-run", *COMMANDS[command][1:])
    assert "This was a dry-run" in said or "Nothing to be done" in said, f"printed by {PRINTED[command]}"


@pytest.mark.parametrize("command", of("make"))
def test_make_has_what_is_printed(place, command):
    words = [COMMANDS[command][0], "--dry-run", *COMMANDS[command][1:]]
    done = subprocess.run(words, cwd=place.folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr} (printed by {PRINTED[command]})"


@pytest.mark.parametrize("command", of("python"))
def test_python_programs_take_the_options_that_are_printed(command, monkeypatch, capsys):
    words = COMMANDS[command]
    if words[1] == "-c":
        exec(compile(words[2], "a printed command", "exec"), {})
        return

    class Understood(Exception):
        """The options were read; the work does not begin."""

    read = argparse.ArgumentParser.parse_args

    def parse_args(parser, *arguments):
        read(parser, *arguments)
        raise Understood

    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    monkeypatch.setattr(sys, "argv", words[2:] if words[1] == "-m" else words[1:])
    sys.modules.pop(words[2] if "." in words[2] else f"{words[2]}.__main__", None)
    run = partial(runpy.run_module, words[2]) if words[1] == "-m" else partial(runpy.run_path, words[1])
    with pytest.raises((Understood, SystemExit)) as ended:
        run(run_name="__main__")
    assert getattr(ended.value, "code", 0) in (0, None), f"printed by {PRINTED[command]}"


SWALLOWED = {
    ("--configfile", "studies/smoke.yaml", "truth"): "snakemake --dry-run --configfile studies/smoke.yaml -- truth",
    ("--configfile", "studies/smoke.yaml", "report.pdf", "--cores", "2"): "studies/smoke.yaml --cores 2 -- report.pdf",
    (
        "--configfile",
        "studies/smoke.yaml",
        "results/smoke/provenance.json",
    ): "smoke.yaml -- results/smoke/provenance.json",
    ("--config", "seed=3", "tex"): "snakemake --dry-run --config seed=3 -- tex",
}


@pytest.mark.parametrize("arguments", SWALLOWED)
def test_a_target_that_an_option_swallows_is_one_sentence_with_the_right_command(place, arguments):
    said = place.snakemake("--dry-run", *arguments, check=False)
    assert SWALLOWED[arguments] in said
    assert "Traceback" not in said
    assert len(said.splitlines()) < 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("report.pdf",),
        ("report.pdf", "--cores", "2", "--resources", "gpu=1", "--configfile", "studies/smoke.yaml"),
        ("--cores", "2", "--resources", "gpu=1", "--configfile", "studies/smoke.yaml", "--", "report.pdf"),
        ("--configfile", "studies/smoke.yaml", "--resources", "gpu=1", "--cores", "2", "report.pdf"),
    ],
)
def test_the_report_can_be_asked_for_in_every_order_that_is_documented(place, arguments):
    said = place.snakemake("--dry-run", *arguments)
    assert "copy_report" in said


@pytest.mark.slow
def test_a_study_runs_from_another_folder(place, tmp_path):
    """What belongs to the project is found there; results and one's own files are where the user stands."""
    write_inputs(tmp_path)
    study = yaml.safe_load((ROOT / "tests/configs/rerun.yaml").read_text())
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(study))
    elsewhere = Project(tmp_path)
    snakefile = str(place.folder / "Snakefile")
    said = place.snakemake("--directory", str(tmp_path), "--configfile", str(tmp_path / "mine.yaml"), "--", "tex")
    assert "Error" not in said
    assert (tmp_path / f"results/{study['study']}/report.tex").exists()
    assert not (place.folder / "results").exists()
    # The embedded study names data of the project.
    planned = elsewhere.planned("--snakefile", snakefile, "--configfile", str(place.folder / "config.yaml"))
    assert planned["truth_from_table"] == 1


def test_two_studies_run_at_the_same_time(root, tmp_path):
    """Jobs only touch their outputs; those of the first study wait until the second study is done."""
    project = Project.copy_to(root, tmp_path / "project")
    write_inputs(project.folder)
    held = PRETENCE.replace(
        "    for path in snakemake.output:",
        '    while os.environ.get("HOLD") and not Path("go").exists():\n'
        "        time.sleep(0.1)\n    for path in snakemake.output:",
    )
    assert held != PRETENCE
    project.edit("src/tfnas/workflow.py", held)
    for name in ("one", "two"):
        study = yaml.safe_load((root / "tests/configs/rerun.yaml").read_text()) | {"study": name}
        (project.folder / f"{name}.yaml").write_text(yaml.safe_dump(study))
    first = subprocess.Popen(
        project.command("--cores", "2", "--configfile", "one.yaml"),
        cwd=project.folder,
        env={**project.environment, "HOLD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while not any((project.folder / ".snakemake/locks").glob("*output*")):
            assert first.poll() is None, first.stdout.read()
            time.sleep(0.2)
        project.snakemake("--cores", "2", "--configfile", "two.yaml")
        assert (project.folder / "results/two/report.pdf").exists()
        assert first.poll() is None, "the first study is still at work"
    finally:
        (project.folder / "go").touch()
        said, _ = first.communicate(timeout=300)
    assert first.returncode == 0, said
    assert (project.folder / "results/one/report.pdf").exists()
    assert (project.folder / "report.pdf").exists()
