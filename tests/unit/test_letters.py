"""Letters that are let through are letters that LaTeX prints."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from tfnas import letters
from tfnas.errors import ConfigError
from tfnas.proxies.registry import families
from tfnas.report.latex import have_latex
from tfnas.report.rounding import escape
from tfnas.scoring.ensembles import ENSEMBLES
from tfnas.search.registry import algorithm_names, get_algorithm


@pytest.mark.skipif(not have_latex(), reason="LaTeX is not installed")
def test_every_letter_that_is_let_through_is_printed_in_every_font_of_the_report(root, tmp_path):
    preamble = (root / "report/main.tex").read_text(encoding="utf-8").partition("=))\n")[2]
    preamble = preamble.partition(r"\input{numbers.tex}")[0]
    text = [escape(letter) for letter in sorted(letters._PRINTED)]
    lines = [f"{font}{{x{''.join(text)}}}\\par" for font in (r"\emph", r"\textbf", r"\texttt", r"\textsf", "")]
    lines = [*preamble.splitlines(), r"\tracinglostchars=2", rf"\title{{{''.join(text)}}}", r"\begin{document}", *lines]
    (tmp_path / "t.tex").write_text("\n".join([*lines, r"\maketitle", r"\end{document}"]), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    log = (tmp_path / "t.log").read_text(encoding="utf-8", errors="replace").splitlines()
    assert [line for line in log if line.startswith(("!", "Missing character"))] == []
    assert done.returncode == 0


def test_greek_is_complete():
    capitals, small = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", "αβγδεζηθικλμνξοπρςστυφχψω"
    assert letters.unprintable(capitals + small) == ""
    assert escape("Ρ") == r"$\mathrm{P}$"
    assert escape("Σ") == r"$\Sigma$"
    assert escape("ω") == r"$\omega$"


def test_nested_facts_name_the_place():
    with pytest.raises(
        ConfigError, match=r"^'b' of 'a' of here holds '\u05d0' \(U\+05D0\), which the report cannot print"
    ):
        letters.check_letters({"a": {"b": ["x", "\u05d0"]}}, "here")
    with pytest.raises(ConfigError, match=r"^A key of here holds '\\x07' \(U\+0007\)"):
        letters.check_letters({"\x07": 1}, "here")
    letters.check_letters({"a": [1, None, 2.5, True], "b": "ok"}, "here")


def test_all_that_the_project_itself_says_can_be_printed(root):
    letters.check_letters(
        yaml.safe_load((root / "report/published.yaml").read_text(encoding="utf-8")), "published.yaml"
    )
    for path in root.glob("data/**/*.json"):
        letters.check_letters(json.loads(path.read_text(encoding="utf-8")), str(path))
    for path in [root / "config.yaml", *root.glob("studies/*.yaml")]:
        letters.check_letters(yaml.safe_load(path.read_text(encoding="utf-8"))["title"], str(path))
    told = [proxy for family in families().values() for proxy in family.proxies] + list(ENSEMBLES.values())
    for entry in told:
        letters.check_letters([entry.title, entry.summary, entry.reference], entry.name)
    for name in algorithm_names():
        algorithm = get_algorithm(name)
        letters.check_letters([algorithm.title, algorithm.section, algorithm.summary], name)
