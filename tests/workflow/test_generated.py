"""The generated files agree with what they are generated from; `make docs` (pytest --fix) rewrites them."""

from __future__ import annotations

import difflib
import json

import jsonschema
import pytest
import yaml

from tfnas.proxies.registry import proxy_names
from tfnas.scoring.ensembles import ENSEMBLES
from tfnas.search.registry import algorithm_names
from tools.registry_tables import fill
from tools.study_reference import documentation, schema
from tools.table_reference import documentation as tables

GENERATED = {
    "schemas/config.schema.json": lambda found, root: json.dumps(schema(), indent=2) + "\n",
    "docs/config.md": lambda found, root: documentation(),
    "docs/tables.md": lambda found, root: tables(),
    "docs/proxies.md": fill,
    "docs/searches.md": fill,
}
"""What each file should hold, given what it holds and the root: of the pages only the tables are generated."""


@pytest.mark.parametrize("name", GENERATED)
def test_generated_file_is_up_to_date(root, request, name):
    path = root / name
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    wanted = GENERATED[name](found, root)
    if found != wanted and request.config.getoption("--fix"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
        return
    changes = difflib.unified_diff(found.splitlines(), wanted.splitlines(), name, "generated", lineterm="")
    assert found == wanted, f"{name} is stale, repair it with `make docs`:\n" + "\n".join(changes)


def test_every_proxy_and_every_ensemble_has_a_row(root):
    text = (root / "docs/proxies.md").read_text(encoding="utf-8")
    for name in (*proxy_names(), *ENSEMBLES):
        assert f"| `{name}` |" in text


def test_the_schema_is_one(root):
    jsonschema.Draft202012Validator.check_schema(schema())


def _open_objects(rules, place=""):
    if isinstance(rules, dict):
        if "properties" in rules and "if" not in rules and place.rpartition(".")[2] != "if":
            closed = "additionalProperties" in rules or "allOf" in rules
            if not closed:
                yield place
        for key, value in rules.items():
            yield from _open_objects(value, f"{place}.{key}")
    elif isinstance(rules, list):
        for number, value in enumerate(rules):
            yield from _open_objects(value, f"{place}[{number}]")


def test_every_section_is_closed():
    assert list(_open_objects(schema())) == []


def test_every_key_is_described():
    rules = schema()
    sections = rules["$defs"]
    (use,) = sections["Searches"]["properties"]["use"]["patternProperties"].values()
    searches = {model["properties"]["algorithm"]["const"]: model for model in use["oneOf"]}
    assert sorted(searches) == algorithm_names()
    for name, section in {"the file": rules, **sections, **searches}.items():
        for key, value in section["properties"].items():
            about = sections[value["$ref"].rpartition("/")[2]] if "$ref" in value else value
            assert about.get("description"), f"{key} of {name}"


def test_study_files_agree_with_the_committed_schema(root):
    rules = json.loads((root / "schemas/config.schema.json").read_text())
    files = [root / "config.yaml", *(root / "studies").glob("*.yaml"), *(root / "tests/configs").glob("*.yaml")]
    assert len(files) >= 5
    for path in files:
        jsonschema.validate(yaml.safe_load(path.read_text()), rules)
