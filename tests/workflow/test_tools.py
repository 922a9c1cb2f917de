"""The set-up scripts, on machines that are made up of stubs: no LaTeX, no root, no Python that is new enough."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = ("bash", "env", "cat", "cut", "dirname", "sha256sum", "rm", "grep")


class Machine:
    """A folder of commands that stands for the PATH of some machine; every call of a stub is noted."""

    def __init__(self, folder: Path):
        self.commands, self.calls = folder / "bin", folder / "calls"
        self.commands.mkdir(parents=True)
        self.calls.touch()
        for name in TOOLS:
            (self.commands / name).symlink_to(shutil.which(name))

    def stub(self, name: str, body: str = "") -> None:
        path = self.commands / name
        path.write_text(f'#!{shutil.which("bash")}\necho "{name} $*" >>"{self.calls}"\n{body}\n')
        path.chmod(0o755)

    def run(self, script: Path) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.commands), "HOME": os.environ.get("HOME", "/")}
        return subprocess.run([str(script)], env=environment, capture_output=True, text=True)


@pytest.fixture
def machine(tmp_path):
    """A Debian without LaTeX, where one is a plain user."""
    machine = Machine(tmp_path / "machine")
    machine.stub("id", "echo 1000")
    machine.stub("dpkg-query", "echo 'unknown ok not-installed'")
    machine.stub("apt-get")
    return machine


LINE = "apt-get update && apt-get install --yes --no-install-recommends latexmk texlive-latex-recommended "


def test_without_latex_and_root_the_exact_line_is_printed(root, machine):
    done = machine.run(root / "tools/tex.sh")
    assert done.returncode == 1
    assert LINE in done.stderr
    assert "lmodern poppler-utils" in done.stderr
    assert "apt-get" not in machine.calls.read_text()


def test_a_sudo_that_asks_for_a_password_is_not_used(root, machine):
    machine.stub("sudo", "exit 1")
    assert machine.run(root / "tools/tex.sh").returncode == 1
    assert "apt-get" not in machine.calls.read_text()


@pytest.mark.parametrize("how", ["root", "sudo"])
def test_with_root_or_passwordless_sudo_latex_is_installed(root, machine, how):
    if how == "root":
        machine.stub("id", "echo 0")
    else:
        machine.stub("sudo", 'shift; "$@"')
    assert machine.run(root / "tools/tex.sh").returncode == 0
    calls = [line for line in machine.calls.read_text().splitlines() if line.startswith("apt-get")]
    assert calls[0].startswith("apt-get update")
    assert calls[1].startswith("apt-get install")
    assert calls[1].endswith("lmodern poppler-utils")


def test_an_installation_that_fails_prints_the_line(root, machine):
    machine.stub("id", "echo 0")
    machine.stub("apt-get", "exit 100")
    done = machine.run(root / "tools/tex.sh")
    assert done.returncode == 1
    assert LINE in done.stderr


def test_with_latex_nothing_happens(root, machine):
    machine.stub("dpkg-query", "echo -n 'install ok installed'")
    done = machine.run(root / "tools/tex.sh")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_tex_live_of_ones_own_counts(root, machine):
    machine.stub("latexmk")
    machine.stub("kpsewhich")
    assert machine.run(root / "tools/tex.sh").returncode == 0


def test_without_a_new_python_set_up_says_what_to_do(root, machine, tmp_path):
    folder = tmp_path / "a project"
    (folder / "tools").mkdir(parents=True)
    for name in ("tools/setup.sh", "requirements.lock", "requirements-nodeps.lock", "pyproject.toml"):
        shutil.copy(root / name, folder / name)
    machine.stub("python3", "exit 1")
    done = machine.run(folder / "tools/setup.sh")
    assert done.returncode == 1
    assert done.stderr.startswith("setup: no Python 3.11 or newer was found: install one")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("user", ["root", "somebody"])
def test_a_python_without_venv_is_completed_or_the_mend_is_named(root, machine, tmp_path, user):
    folder = tmp_path / "project"
    (folder / "tools").mkdir(parents=True)
    for name in ("tools/setup.sh", "requirements.lock", "requirements-nodeps.lock", "pyproject.toml"):
        shutil.copy(root / name, folder / name)
    machine.stub("id", "echo 0" if user == "root" else "echo 1000")
    machine.stub("python3", '[ "$2" != venv ]')
    done = machine.run(folder / "tools/setup.sh")
    assert done.returncode == 1
    assert "Python's venv module is incomplete: install it (Debian, Ubuntu: apt-get install" in done.stderr
    assert ("apt-get install -qq --yes python3-venv" in machine.calls.read_text()) == (user == "root")
    assert not (folder / ".venv").exists()


def test_the_lock_is_pinned_and_names_no_host(root):
    for name in ("requirements.lock", "requirements-nodeps.lock"):
        lines = [line for line in (root / name).read_text().splitlines() if not line.startswith("#")]
        assert lines
        for line in lines:
            assert "==" in line, line
            assert not [mark for mark in ("://", "@", "--hash") if mark in line], line


def test_everything_asked_for_is_locked(root):
    locked = {line.partition("==")[0] for line in (root / "requirements.lock").read_text().splitlines()}
    for line in (root / "requirements.in").read_text().splitlines():
        if line and not line.startswith("#"):
            name = line.partition(">")[0].partition("=")[0]
            assert name in locked, name


def test_continuous_integration_runs_exactly_make_test(root):
    lines = [line for line in (root / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "make test"
    assert os.access(root / ".ci/run", os.X_OK)
