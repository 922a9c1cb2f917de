"""All schemas, and the page of the documentation that they print."""

from __future__ import annotations

import importlib
import pkgutil

import tfnas.schemas
from tfnas.schemas.base import Schema

HEADER = """# Tables

What stands in every table below `results/{study}`. Beside each is a `.json` of the same name that says where it comes
from, and in it its rows, bytes and sha256, by which a reader finds out whether it is still the file that was written.
Whoever reads a table checks that its columns are there and of their type. *Whole numbers* are counts, *gaps* says that
a row may have nothing there.

This page is generated from `src/tfnas/schemas/` by `make docs`.
"""


def schemas() -> dict[str, Schema]:
    """Return all schemas by the name of their module, sorted by the path of the file."""
    names = [module.name for module in pkgutil.iter_modules(tfnas.schemas.__path__)]
    found = {name: importlib.import_module(f"tfnas.schemas.{name}").SCHEMA for name in names if name != "base"}
    return dict(sorted(found.items(), key=lambda item: item[1].file))


def documentation() -> str:
    """Return docs/tables.md."""
    return HEADER + "".join(_section(schema) for schema in schemas().values())


def _section(schema: Schema) -> str:
    lines = [f"\n## `{schema.file}`\n", f"{schema.rows[0].upper()}{schema.rows[1:]}. {schema.notes}".strip() + "\n"]
    lines += ["| Column | Type | Unit | Meaning |", "| --- | --- | --- | --- |"]
    kinds = {"text": "text", "count": "whole number", "number": "number", "flag": "true or false"}
    for column in schema.columns:
        kind = (
            kinds[column.kind] + (", gaps" if column.gaps else "") + (", not in every file" if column.optional else "")
        )
        meaning = column.meaning.replace("|", r"\|")
        lines.append(f"| `{column.name}` | {kind} | {column.unit} | {meaning} |")
    return "\n".join(lines) + "\n"
