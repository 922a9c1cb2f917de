"""Every command line that the project prints.

A command is what a document shows in a fenced block or between backticks, what a comment of a settings file names, and
what a sentence of the library puts between backticks, if it begins with one of :data:`PROGRAMS`.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("snakemake", "make", "python", "source", "apptainer", "apt-get", "scancel", "tfnas")

FOREIGN = ("apptainer", "apt-get", "scancel")
"""Programs of the system: that they do what they are said to do is not ours to test."""

DOCUMENTS = ("README.md", "docs/*.md", "CHANGELOG.md")

COMMENTED = (
    "studies/*.yaml",
    "config.yaml",
    "profiles/*/profile.yaml",
    "envs/*",
    "rules/*.smk",
    "Snakefile",
    "Makefile",
)

LIBRARY = ("src/tfnas/**/*.py", "workflow/scripts/*.py", "benchmarks/*.py", "tools/*.py")

_WORDS = "|".join(PROGRAMS)
_BEGINS = re.compile(rf"(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(?:{_WORDS})(?: |$)")
_ALONE = re.compile(rf"(?:{_WORDS})$")


def printed_commands(root: Path) -> dict[str, str]:
    """Return every printed command and the first place that prints it."""
    found: dict[str, str] = {}
    for pattern in (*DOCUMENTS, *COMMENTED, *LIBRARY):
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                for text in _texts(path):
                    for command in _commands(text, fenced=path.suffix == ".md"):
                        found.setdefault(command, str(path.relative_to(root)))
    return found


def _texts(path: Path) -> Iterator[str]:
    """Yield the text of a document, the comments of a settings file, the strings of a module."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from (
            node.value
            for node in ast.walk(ast.parse(content))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
    elif path.suffix == ".md":
        yield content
    else:
        yield "\n".join(line.lstrip()[1:] for line in content.splitlines() if line.lstrip().startswith("#"))


def _commands(text: str, fenced: bool) -> Iterator[str]:
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if fenced else []
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL) if fenced else text
    spans = re.findall(r"`+([^`]+)`+", prose)
    lines = [line for block in blocks for line in block.splitlines()]
    # In a comment a command may stand without marks, at the end of a line.
    lines += [] if fenced else re.findall(r"(snakemake -[^`\n]+|make [a-z]+ [A-Z]+=[^`\n]+)$", prose, re.MULTILINE)
    lines += re.findall(r"# \S+; (snakemake .*)$", text, re.MULTILINE)
    for line in (*lines, *spans):
        command = re.split(r"\s+#\s", " ".join(line.split()))[0].rstrip(" .`")
        if _BEGINS.match(command) and not _ALONE.match(command):
            yield command


def words_of(command: str) -> list[str]:
    """Return the words of a command without the environment variables before it."""
    words = shlex.split(command.replace("{study}", "digits"))
    while "=" in words[0]:
        words = words[1:]
    return words
