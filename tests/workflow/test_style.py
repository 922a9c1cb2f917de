"""House rules of the workflow: short files, no helper among rules, every job logged and timed, linters clean."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys

import pytest
import yaml


@pytest.fixture(scope="module")
def rule_files(root):
    """The rule files, helpers left out."""
    return [path for path in sorted((root / "rules").glob("*.smk")) if path.name != "common.smk"]


LOOPS = {"summaries.smk": "make_summary", "exhibits.smk": "make_exhibit"}
"""Rule files that are a loop over what modules declare, and the script that all rules of the loop share."""


def rules_of(path):
    """Return ``{rule: text}`` of a rule file; the rules of a loop are one, under the name of their script."""
    parts = re.split(r"^ *rule *(\w*):$", path.read_text(), flags=re.MULTILINE)[1:]
    return {name or LOOPS[path.name]: text for name, text in zip(parts[::2], parts[1::2], strict=True)}


def test_the_snakefile_is_a_table_of_contents(root):
    text = (root / "Snakefile").read_text()
    assert len(text.splitlines()) < 60
    assert not re.search(r"^\s*def ", text, re.MULTILINE)
    assert "lambda" not in text
    included = re.findall(r'include: "(.*)"', text)
    assert set(included) == {f"rules/{path.name}" for path in (root / "rules").glob("*.smk")}


def test_helpers_and_rules_do_not_mix(root, rule_files):
    assert not re.search(r"^rule ", (root / "rules/common.smk").read_text(), re.MULTILINE)
    for path in rule_files:
        assert not re.search(r"^\s*def ", path.read_text(), re.MULTILINE), path.name


def test_rule_files_say_what_goes_in_and_out(rule_files):
    for path in rule_files:
        docstring = path.read_text().split('"""')[1]
        assert "REQUIRED INPUTS:" in docstring, path.name
        assert "OUTPUTS:" in docstring, path.name


def test_every_rule_has_a_log_a_benchmark_and_a_message(rule_files):
    for path in rule_files:
        for rule, text in rules_of(path).items():
            for directive in ("log:", "benchmark:", "message:"):
                assert f"    {directive}" in text, f"{rule} in {path.name} has no {directive}"
            assert "gpu" not in text or "gpu=gpu" in text


def test_every_rule_has_one_script_of_its_own_name(root, rule_files):
    used = set()
    for path in rule_files:
        for rule, text in rules_of(path).items():
            script = re.search(r'"\.\./workflow/scripts/(\w+)\.py"', text)
            if script:
                assert script[1] == rule
                assert f'sources("{script[1]}"' in text or rule in ("download", "write_run_config")
                used.add(f"{script[1]}.py")
    assert used == {path.name for path in (root / "workflow/scripts").glob("*.py")}


GIVEN = re.compile(
    r"STUDY\.(?:image_files|split_files|given_images|archive_files|table_files|latency_files|given_files"
    r"|shipped_tables)\(wildcards\.\w+(?:, wildcards\.scores)?\)"
)
"""How rules ask for what a person gave."""


def test_every_rule_that_reads_what_a_person_gave_tells_it_by_its_content(rule_files):
    """An input that is replaced by an older file, or by one of the same time and size, is another one."""
    readers = set()
    for path in rule_files:
        parts = re.split(r"^(?:use rule (\w+) as|rule) (\w+)", path.read_text(), flags=re.MULTILINE)[1:]
        for base, rule, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            if base in readers or GIVEN.search(text.partition("    output:")[0]):
                readers.add(rule)
                assert re.search(r"^        given=lambda wildcards(, input)?: fingerprint\(\*", text, re.M), rule
    assert readers == {
        "make_batch", "make_second_batch", "train_block", "prune_supernets", "read_archive", "truth_from_table",
        "read_latencies", "take_shipped_scores", "take_shipped_scorings", "read_own_scores", "take_given_scores",
    }  # fmt: skip


def test_scripts_are_thin(root):
    for path in (root / "workflow/scripts").glob("*.py"):
        text = path.read_text()
        assert len(text.splitlines()) <= 40, path.name
        assert "snakemake.config" not in text, path.name
        tree = ast.parse(text)
        assert ast.get_docstring(tree), path.name
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.For | ast.If)], path.name


LINES, ARGUMENTS = 80, 8
"""A longer function, docstring included, or one with more arguments is to be cut into parts."""


def arguments_of(function):
    """Return how many arguments a function takes, ``self`` and ``cls`` left out."""
    told = function.args
    names = [argument.arg for argument in (*told.posonlyargs, *told.args, *told.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def test_functions_are_short_and_take_few_arguments(root):
    found = set()
    for path in (root / "src/tfnas").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                long = node.end_lineno - node.lineno + 1 > LINES
                if long or arguments_of(node) > ARGUMENTS:
                    found.add(f"{path.relative_to(root / 'src/tfnas').as_posix()}:{node.name}")
    assert found == set(), "cut it into parts, or hand over what belongs together as one thing"


def test_every_line_of_a_profile_is_explained(root):
    for path in (root / "profiles").glob("*/profile.yaml"):
        lines = path.read_text().splitlines()
        for key in yaml.safe_load(path.read_text()):
            place = next(number for number, line in enumerate(lines) if line.startswith(f"{key}:"))
            assert lines[place - 1].startswith("#"), f"{key} in {path}"


def test_snakefmt_is_clean(root):
    command = [sys.executable, "-m", "snakefmt", "--check", "Snakefile", "rules"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def test_snakemake_lint_is_clean(project):
    assert "Congratulations" in project.snakemake("--lint", "--configfile", "studies/nats-tss.yaml")


def test_the_library_of_searches_and_reports_imports_no_torch(root):
    code = "import sys, tfnas.study.load, tfnas.study.study, tfnas.search.runner, tfnas.report.templates\n"
    code += "import importlib; from tfnas.product_rules import exhibits, summaries, topics\n"
    code += "for product in (*exhibits(), *summaries(), *topics()): importlib.import_module(product.module)\n"
    code += "import yaml; from tfnas.study.load import load_study; from tfnas.study.study import Study\n"
    code += "study = Study(load_study(yaml.safe_load(open('studies/nats-tss.yaml')))); study.chunks('cifar10')\n"
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_no_file_names_a_path_of_one_machine(root):
    command = ["git", "grep", "-nE", r"/(work|tmp/scratch|home/[a-z]+)/", "--", ".", ":!tests"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode > 1:
        pytest.skip("this is no git repository")
    assert done.stdout == ""


NAMED = re.compile(r"(?<![/\w.-])tfnas(?:\.(?!(?:yaml|def|sif)\b)\w+)+")
"""Dotted names of the library; ``tfnas.yaml`` is a file."""


def test_every_name_of_the_library_in_the_documentation_exists(root):
    gone = []
    for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        names = set(NAMED.findall(text))
        for module, imported in re.findall(r"^from (tfnas[\w.]*) import ([\w, ]+)$", text, re.MULTILINE):
            names |= {f"{module}.{name.split()[0]}" for name in imported.split(",")}
        for name in sorted(names):
            try:
                pkgutil.resolve_name(name)
            except (ImportError, AttributeError):
                gone.append(f"{path.name}: {name}")
    assert gone == []
