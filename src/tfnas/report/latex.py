"""From ``report.tex`` to ``report.pdf``: everything that asks for LaTeX."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tfnas.errors import ReportError
from tfnas.files import atomic

PACKAGES = (
    "latexmk texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended texlive-pictures lmodern "
    "poppler-utils"
)
"""Debian and Ubuntu packages that the report needs."""


def have_latex() -> bool:
    """Return whether latexmk and pdflatex are installed."""
    return shutil.which("latexmk") is not None and shutil.which("pdflatex") is not None


def compile_pdf(tex_path: str | Path, output: str | Path) -> None:
    """Compile ``report.tex`` with latexmk and copy the PDF to ``output``.

    Everything that the file reads is copied to ``build/`` beside it and compiled there, so that the folder can be
    handed on as it is. The PDF carries no date of its own: the same sources give the same bytes.

    Args:
        tex_path: ``report.tex``; what it reads is named relative to it.
        output: path of the PDF.

    Raises:
        ReportError: LaTeX is not installed (with the line that installs it), a figure or table is missing, or LaTeX
            failed (with its first error and the name of its log).
    """
    tex_path, output = Path(tex_path), Path(output)
    if not have_latex():
        raise ReportError(
            f"LaTeX is not installed, so '{output}' cannot be made (figures, tables and '{tex_path}' are there); "
            f"on Debian or Ubuntu run: sudo apt-get install --no-install-recommends -y {PACKAGES}"
        )
    build = tex_path.parent / "build"
    _copy_sources(tex_path, build)
    environment = os.environ | {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "1000"}
    command = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-norc", tex_path.name]
    told: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    result = subprocess.run(command, cwd=build, env=environment, check=False, **told)
    log = build / f"{tex_path.stem}.log"
    (build / "latexmk.out").write_text(result.stdout, encoding="utf-8")
    if result.returncode != 0:
        raise ReportError(f"LaTeX could not compile '{tex_path}': {first_error(log)} (see '{log}').")
    with atomic(output) as temporary:
        shutil.copyfile(build / f"{tex_path.stem}.pdf", temporary)


def _copy_sources(tex_path: Path, build: Path) -> None:
    """Copy a TeX file and what it reads to the build folder; files that have not changed keep their time."""
    text = tex_path.read_text(encoding="utf-8")
    names = re.findall(r"\\(?:input|includegraphics)(?:\[[^\]]*\])?\{([^}#]+)\}", text)
    names += [f"{name}.bib" for name in re.findall(r"\\bibliography\{([^}]+)\}", text)]
    for name in [tex_path.name, *dict.fromkeys(names)]:
        source, target = tex_path.parent / name, build / name
        if not source.exists():
            raise ReportError(f"'{tex_path}' shows '{name}', which does not exist: make figures and tables first.")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)


def first_error(log: Path) -> str:
    """Return the first error line of a TeX log (it begins with ``!``) and the line of the source, if it says so."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return "latexmk wrote no log"
    for number, line in enumerate(lines):
        if line.startswith("!"):
            where = next((after for after in lines[number:] if after.startswith("l.")), "")
            return " ".join(f"{line} {where}".split())
    return "the log holds no error line"
