"""The study file: its closed schema, its defaults, and the checks that a schema cannot express.

The schema is built here and nowhere else; names of proxies, searches and dataset sources come from their registries.
``schemas/config.schema.json`` (for editors) and ``docs/config.md`` (for people) are generated from it by
``make docs``; a test fails when they are stale. No torch is imported.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.cells import SPACE_SIZE
from tfnas.errors import ConfigError, DataError, TfnasError, UnknownNameError
from tfnas.files import facts_path, is_table, is_there, read_json, short
from tfnas.letters import check_letters
from tfnas.study_file import as_meant, branches_of, check_yaml, place_of, quote_advice, similar, take_away

if TYPE_CHECKING:
    from tfnas.search.registry import Algorithm

NAME = r"^[A-Za-z0-9][A-Za-z0-9-]*$(?!\n)"
"""What a dataset may be called: letters, digits and hyphens. A ``$`` alone would let a newline follow."""

LABEL = r"^[a-z0-9][a-z0-9-]*$(?!\n)"
"""What a study or a search may be called: lower-case letters, digits and hyphens."""

LONGEST_NAME = 60
"""Characters of such a name: files are called by it, and a file system takes 255."""

OWN = r"^[A-Za-z0-9][A-Za-z0-9_-]*$(?!\n)"
"""What a score of one's own may be called: as a proxy of the registry, capitals and hyphens besides."""

RECOMMENDED_RUNS = 30
"""Fewer runs than this give intervals too wide to tell searches apart; the workflow warns."""

MOST_RUNS = 100_000
"""More runs than this take days and tell nothing that these do not: publications have 500."""

KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "array": "a list",
    "object": "a section",
    "null": "nothing (null)",
}
"""Types of the schema in words."""

PREFACE = """\
One YAML file is one study. The schema is closed: an unknown or mistyped key is an error that says where it stands and
which keys exist. `config.yaml` is read unless `--configfile` names another file; they are not merged. `NAME` stands for
a name of your choice.

## More files than one

Files after `--configfile` are laid one over the other, and `--config` over all of them:

- **Mappings are merged key by key**: keys of a later file are added, or replace those of the same name. `datasets`,
  `search.use` and all sections are mappings, so their entries add up.
- **Everything else is replaced**: of a list such as `scoring.proxies` the last file that has it counts, as a whole.
- **`null` takes away** what earlier files say: a search, a dataset, a sub-space, a league, any entry of a mapping, or a
  single key, whose default then holds. Where there is nothing to take away, that is an error. `null` for a path is a
  value.

```yaml
# mine.yaml, after studies/nats-tss.yaml: one search and one dataset less, and another algorithm for a search
datasets:
  ImageNet16-120: null
search:
  budget_seconds: {{ImageNet16-120: null}}
  use:
    area: null
    local-search: {{algorithm: random_search}}
```

A search that gets another `algorithm` keeps the parameters that the old one was given: set those to `null`, too. What
still names something that was taken away (a league its search) is an error that says so.

## How YAML is read

- Numbers may be written `5e-4`, `1e3` or `"12"`, also within `--config 'training={{epochs: 6}}'`.
- A name that YAML reads as something else (`101`, `no`, `2024-01-01`) must be quoted: `"101": {{...}}`.
- A key that stands twice in one mapping is an error; YAML alone would forget the first.
- Names of studies, searches, sub-spaces and leagues hold lower-case letters, digits and hyphens, those of datasets
  upper-case letters, too; at most {longest} characters. Paths hold no braces.
- `title` may hold Latin and Greek letters and common signs. What the report cannot print is refused at once.

## Every key
"""
"""What ``docs/config.md`` says before its table."""

TRUTH_SOURCES = ("archive", "table", "trained")


def _section(description: str, properties: dict[str, Any], required: tuple[str, ...] = (), **more: Any) -> dict:
    """Return the schema of a closed object; a section without required keys may be left out."""
    section = {"type": "object", "description": description, "additionalProperties": False, "properties": properties}
    if required:
        section["required"] = list(required)
    else:
        section["default"] = {}
    return section | more


def _integer(description: str, default: int | None = None, minimum: int = 1, **more: Any) -> dict:
    schema = {"type": "integer", "minimum": minimum, "description": description, **more}
    return schema if default is None else schema | {"default": default}


def _number(description: str, default: float, **more: Any) -> dict:
    return {"type": "number", "description": description, "default": default, **more}


def _path(description: str) -> dict:
    return {"type": ["string", "null"], "default": None, "x-path": True, "description": description}


def _name_of(kind: str, names: list[str], description: str) -> dict:
    """Return the schema of a name out of a registry; ``x-kind`` makes the error speak of it."""
    return {"type": "string", "enum": sorted(names), "x-kind": kind, "description": description}


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a study file, with the names of the registries of this moment."""
    from tfnas.proxies.registry import ensembles, families, proxy_names
    from tfnas.truth.schema import COLUMNS

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Study file of tfnas",
        **_section(
            "One study: what is scored, searched and reported.",
            {
                "study": {
                    "type": "string",
                    "pattern": LABEL,
                    "maxLength": LONGEST_NAME,
                    "description": "Name of the study; its results lie in `results/{study}/`. Lower-case letters, "
                    "digits and hyphens.",
                },
                "title": {
                    "type": "string",
                    "default": "Training-free neural architecture search",
                    "description": "Title of the report.",
                },
                "seed": _integer("Master seed; every random number of the study is drawn from it by name.", 2026, 0),
                "skeleton": _section(
                    "The macro skeleton around a cell: three stages of N cells with C, 2C and 4C channels.",
                    {
                        "channels": _integer("C, channels of the first stage (the benchmark: 16).", 16),
                        "cells_per_stage": _integer("N, cells in each stage (the benchmark: 5).", 5),
                    },
                ),
                "datasets": {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": NAME, "maxLength": LONGEST_NAME},
                    "description": "The datasets of the study, by name: a name of the dataset registry, or any name "
                    "with `images.path` naming an .npz of your own.",
                    "additionalProperties": _section(
                        "One dataset: where its images and its ground truth come from.",
                        {
                            "images": _section(
                                "Where the images come from.",
                                {
                                    "path": _path(
                                        "A folder in the official layout or an .npz with `images` (uint8, N x C x H x "
                                        "W) and `labels`. null: the copy embedded in a package, or the official "
                                        "download into `resources/`."
                                    )
                                },
                            ),
                            "truth": _section(
                                "Where the accuracies of trained cells come from.",
                                {
                                    "source": {
                                        "type": "string",
                                        "enum": list(TRUTH_SOURCES),
                                        "x-kind": "ground truth",
                                        "description": "`archive`: the official NATS-tss archive; `table`: a ready "
                                        "table; `trained`: trained here, by the recipe under `training`.",
                                    },
                                    "path": _path(
                                        "The archive (folder or tar) or the table (.parquet, .csv, .csv.gz). null, "
                                        "for an archive only: the official download into `resources/`."
                                    ),
                                    "columns": {
                                        "type": "object",
                                        "default": {},
                                        "propertyNames": {"enum": list(COLUMNS)},
                                        "additionalProperties": {"type": "string"},
                                        "description": "Names of a ready table, as `ours: theirs`, where they differ.",
                                    },
                                    "allow_incomplete": {
                                        "type": "boolean",
                                        "default": False,
                                        "description": "Accept ground truth that lacks cells. The missing ones are "
                                        "listed in the facts beside the table, and no search may look at them.",
                                    },
                                },
                                required=("source",),
                            ),
                            "hardware": _section(
                                "Measured latencies, for searches that limit or weigh them.",
                                {
                                    "path": _path(
                                        "A table (.parquet, .csv, .csv.gz) with `arch` and a column of milliseconds "
                                        "for each device."
                                    ),
                                    "columns": {
                                        "type": "object",
                                        "default": {},
                                        "additionalProperties": {"type": "string"},
                                        "description": "Names of the columns, as `ours: theirs`, where they differ: "
                                        "`arch`, and devices; a device without an entry has the name of its column.",
                                    },
                                },
                            ),
                        },
                        required=("truth",),
                    ),
                },
                "scoring": _section(
                    "The proxies and how they are computed.",
                    {
                        "scores": {
                            "type": "string",
                            "enum": ["computed", "shipped", "table"],
                            "default": "computed",
                            "description": "Where the scores of `proxies` come from. `computed`: here, chunk by chunk; "
                            "`shipped`: read from the folder `shipped`; `table`: read from `tables`.",
                        },
                        "shipped": _path(
                            "Folder with {dataset}/{family}.parquet and .json for each family, as tools/ship_scores.py "
                            "writes them, used when `scores` is shipped; further `scorings` are in "
                            "{dataset}.scoring-1/ and so on."
                        ),
                        "tables": _tables(),
                        "own": _own(),
                        "proxies": {
                            "type": "array",
                            "uniqueItems": True,
                            "default": ["naswot"],
                            "items": _name_of("proxy", list(proxy_names()), "A proxy of the registry."),
                            "description": "The proxies to score every cell with. With `scores: table` none unless you "
                            "name some.",
                        },
                        "ensembles": {
                            "type": "array",
                            "uniqueItems": True,
                            "default": [],
                            "items": _name_of("ensemble", list(ensembles()), "An ensemble of the registry."),
                            "description": "Scores made of the scores of several proxies, which must all be among "
                            "`proxies`.",
                        },
                        "ensemble_choice": _section(
                            "Choose for every dataset, by the accuracies of the others alone, the log-rank sum of a "
                            "few proxies that ranks best (at least 2 datasets).",
                            {
                                "proxies": {
                                    "type": "array",
                                    "uniqueItems": True,
                                    "default": [],
                                    "items": {"type": "string", "description": "One of `scoring.proxies`."},
                                    "description": "The proxies to choose from, all among `scoring.proxies`; none: no "
                                    "choice is made.",
                                },
                                "largest": _integer("Most members of an ensemble, at most as many as `proxies`.", 4),
                            },
                        ),
                        "batch_size": {
                            "type": ["integer", "object"],
                            "minimum": 2,
                            "additionalProperties": {"type": "integer", "minimum": 2},
                            "default": 128,
                            "description": "Images of the fixed mini-batch: one number, or one for each dataset.",
                        },
                        "first_images": {
                            "type": "object",
                            "default": {},
                            "propertyNames": _name_of("family", families(), "A family of proxies."),
                            "additionalProperties": {"type": "integer", "minimum": 2},
                            "description": "Families of proxies that look at no more than so many images of the "
                            "mini-batch, the first ones: `{gradients: 64}` is what their authors took.",
                        },
                        "repeats": _integer("Initialisations averaged per cell.", 1),
                        "scorings": _integer(
                            "Independent score tables of the proxies that searches read, each of other "
                            "initialisations: run r of a search reads table r modulo this number. 1: every run reads "
                            "the same scores, and how far searches depend on these stays unknown.",
                            1,
                        ),
                        "device": {
                            "type": "string",
                            "enum": ["auto", "cpu", "cuda"],
                            "default": "auto",
                            "description": "Where scoring and training run. `auto`: the GPU where there is one. "
                            "Seconds are results, so a change computes again.",
                        },
                        "cells_per_job": _integer(
                            "Cells of one scoring job: enough that a job lasts minutes (tens to hundreds on CPU, "
                            "thousands on GPU). Scores do not depend on it. Best a multiple of 256, the most "
                            "networks that run together: a group that the end of a job cuts is run by both jobs.",
                            1024,
                        ),
                        "share_classes": {
                            "type": "boolean",
                            "default": True,
                            "description": "Score one representative per class of cells whose scores have the same "
                            "distribution, and give its score to the whole class.",
                        },
                        "noise_cells": _integer(
                            "Cells that are scored again with two initialisations on each of two mini-batches, to "
                            "say how far a score depends on chance. 0: none; shipped scores have none.",
                            64,
                            0,
                            maximum=SPACE_SIZE,
                        ),
                    },
                ),
                "search": _section(
                    "The searches and how often each runs.",
                    {
                        "runs": _integer(
                            "Runs (seeds) of each search on each dataset; at least 2, "
                            f"{RECOMMENDED_RUNS} or more recommended.",
                            500,
                            2,
                            maximum=MOST_RUNS,
                        ),
                        "runs_per_job": _integer(
                            "Runs of one job. Results do not depend on it. When you raise `runs`, only new runs are "
                            "computed if the old number was a multiple of this one.",
                            250,
                        ),
                        "budget_seconds": {
                            "type": ["number", "object"],
                            "exclusiveMinimum": 0,
                            "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
                            "default": {},
                            "description": "Simulated seconds of training that a search which trains may spend: one "
                            "number, or one for each dataset; not for searches with a number of `evaluations`.",
                        },
                        "pay_once": {
                            "type": "boolean",
                            "default": False,
                            "description": "Recognise cells that compute the same function: only the first look of a "
                            "run at an early accuracy of such a class is charged, and later ones show the same. "
                            "false, as in published numbers: every look is charged.",
                        },
                        "use": {
                            "type": "object",
                            "default": {},
                            "propertyNames": {"pattern": LABEL, "maxLength": LONGEST_NAME},
                            "description": "The searches, by a label of your choice.",
                            "additionalProperties": _search_settings(),
                        },
                        "spaces": {
                            "type": "object",
                            "default": {},
                            "propertyNames": {"pattern": LABEL, "maxLength": LONGEST_NAME},
                            "description": "Sub-spaces to compare by the FLOPs of their cells, as constraints by a "
                            "label of your choice.",
                            "additionalProperties": _constraint("The cells of a sub-space."),
                        },
                        "leagues": {
                            "type": "object",
                            "default": {},
                            "propertyNames": {"pattern": LABEL, "maxLength": LONGEST_NAME},
                            "description": "Lists of labels of `use`, by a name of your choice: of each list (the "
                            "variants of a method, say) the report chooses one for every dataset, by the accuracies of "
                            "the others alone (at least 2 datasets).",
                            "additionalProperties": {
                                "type": "array",
                                "minItems": 1,
                                "uniqueItems": True,
                                "items": {"type": "string"},
                                "description": "Labels of `search.use`.",
                            },
                        },
                    },
                ),
                "training": _training(),
                "report": _section(
                    "The report.",
                    {
                        "published": {
                            "type": "boolean",
                            "default": False,
                            "description": "Show published results beside ours (only where the study is NATS-Bench's "
                            "topology space).",
                        }
                    },
                ),
            },
            required=("study", "datasets"),
        ),
    }


def _tables() -> dict[str, Any]:
    """Return the schema of tables of given scores, see :mod:`tfnas.own_scores`."""
    return {
        "type": "object",
        "default": {},
        "description": "Tables of scores of your own, one for each dataset: needed where `own` names any, and with "
        "`scores: table`. docs/proxies.md says what a table may look like.",
        "additionalProperties": _section(
            "The table of a dataset.",
            {
                "path": {
                    "type": "string",
                    "x-path": True,
                    "description": "A table (.csv, .csv.gz, .parquet) of all cells: `arch`, and a column of raw values "
                    "for each name; or `arch`, `proxy` and `raw` or `score`.",
                },
                "columns": {
                    "type": "object",
                    "default": {},
                    "additionalProperties": {"type": "string"},
                    "description": "Names of the columns, as `ours: theirs`, where they differ.",
                },
            },
            required=("path",),
        ),
    }


def _own() -> dict[str, Any]:
    """Return the schema of the scores that a study declares as its own."""
    return {
        "type": "object",
        "default": {},
        "propertyNames": {"pattern": OWN, "maxLength": LONGEST_NAME},
        "description": "Scores of your own by a name of your choice, read from `tables`. Searches, ensemble choices "
        "and the report take such a name like one of `proxies`.",
        "additionalProperties": _section(
            "One score of your own.",
            {
                "title": {
                    "type": ["string", "null"],
                    "default": None,
                    "description": "Printed name; null: the name itself.",
                },
                "direction": {
                    "type": "integer",
                    "enum": [1, -1],
                    "description": "1 if a larger value promises a better network, -1 if a smaller one does.",
                },
                "source": {
                    "type": "string",
                    "description": "Where the values come from, in words: who computed them, how, on what. The report "
                    "prints it.",
                },
                "failure": {
                    "type": ["string", "null"],
                    "default": None,
                    "description": "Why some cells have no value; null: every cell must have one, or a reason in the "
                    "table.",
                },
            },
            required=("direction", "source"),
        ),
    }


def _search_settings() -> dict[str, Any]:
    """Return the schema of one search: ``algorithm``, and the parameters of that algorithm, closed."""
    from tfnas.search.registry import algorithm_names, get_algorithm

    common = {
        "algorithm": _name_of("search", list(algorithm_names()), "An algorithm of the registry."),
        "constraint": _constraint("The cells that the search may propose; without it: all."),
        "accuracies_of": {
            "type": "string",
            "description": "The dataset of the study whose early accuracies and their seconds the search is shown, "
            "under that dataset's budget; without it: the searched one.",
        },
    }
    branches = []
    for algorithm in sorted(algorithm_names()):
        own = copy.deepcopy(get_algorithm(algorithm).schema)
        for name in ("constraint", "accuracies_of"):
            own["properties"][name] = {"description": common[name]["description"]}
        branch = {"if": {"properties": {"algorithm": {"const": algorithm}}, "required": ["algorithm"]}, "then": own}
        branches.append(branch)
    return {
        "type": "object",
        "description": "The settings of one search: its algorithm, and the parameters of that algorithm.",
        "required": ["algorithm"],
        "properties": common,
        "allOf": branches,
    }


def _constraint(description: str) -> dict[str, Any]:
    """Return the schema of a constraint, see :mod:`tfnas.truth.costs`."""
    from tfnas.cells import OPERATIONS

    def largest(what: str) -> dict[str, Any]:
        return {"type": "number", "exclusiveMinimum": 0, "description": what}

    section = _section(
        description,
        {
            "params": _section(
                "A limit of the parameters.", {"max": largest("Most trainable parameters.")}, required=("max",)
            ),
            "flops": _section(
                "A limit of the multiply-accumulates.",
                {"max": largest("Most multiply-accumulates of one image, in millions.")},
                required=("max",),
            ),
            "latency": _section(
                "A limit of the latency on a device.",
                {
                    "device": {
                        "type": "string",
                        "description": "A device of the table of latencies (`datasets.NAME.hardware`).",
                    },
                    "max": largest("Most milliseconds."),
                },
                required=("device", "max"),
            ),
            "operations": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": _name_of("operation", list(OPERATIONS), "An operation of the search space."),
                "description": "The operations that a cell may use.",
            },
        },
        minProperties=1,
    )
    del section["default"]  # no constraint is not an empty one
    return section


def _training() -> dict[str, Any]:
    """Return the schema of the recipe for ground truth that is trained here."""
    return _section(
        "The recipe for datasets with `truth.source: trained`; ignored by the others.",
        {
            "epochs": _integer("Epochs of a full training.", 12),
            "early_epochs": _integer("Epochs after which a search may look (the early stop).", 3),
            "batch_size": _integer("Images of one step.", 64, 2),
            "learning_rate": _number("Learning rate at the start.", 0.1, exclusiveMinimum=0),
            "momentum": _number("Momentum of SGD.", 0.9, minimum=0, exclusiveMaximum=1),
            "weight_decay": _number("Weight decay of SGD.", 0.0005, minimum=0),
            "nesterov": {"type": "boolean", "default": True, "description": "Nesterov's momentum."},
            "schedule": {
                "type": "string",
                "enum": ["cosine"],
                "default": "cosine",
                "description": "How the learning rate falls to zero.",
            },
            "seeds": _integer("Training seeds averaged per cell.", 1),
            "train_size": _integer("Images to train on.", 600),
            "valid_size": _integer("Images that give the validation accuracy.", 600),
            "test_size": _integer("Images that give the test accuracy.", 597),
            "cells_per_job": _integer("Distinct cells of one training job.", 500),
            "networks_per_batch": _integer("Networks trained at once by the batched engine.", 100),
        },
    )


def load_study(
    config: dict[str, Any], project: str | Path = "", *, layers: Sequence[tuple[str, Mapping[str, Any]]] = ()
) -> dict[str, Any]:
    """Check a study as read from YAML, and return it with every default filled in.

    Args:
        config: the study, merged from its files.
        project: folder of the workflow. A relative path of the study file is looked for in the working folder first,
            then there, so that a study that ships can be run from any folder.
        layers: name and content of each file and of ``--config``, in order, if it was merged from several: where a
            later one says null, the key is taken away (:func:`tfnas.study_file.take_away`).

    Raises:
        ConfigError: a key or a value is wrong; the message says where, and what exists.
        DataError: a path of the study file does not exist.
    """
    import jsonschema

    for content in (*(layer for _, layer in layers), config):
        check_yaml(content)
    rules = schema()
    study = take_away(as_meant(config, rules), rules, layers)
    _explain(study, rules, jsonschema)
    if study.get("scoring", {}).get("scores") == "table":
        study["scoring"].setdefault("proxies", [])
    _fill(study, rules)
    study = _located(study, rules, Path(project))
    check_config(study)
    return study


def _explain(config: dict[str, Any], rules: dict[str, Any], jsonschema: Any) -> None:
    """Raise one sentence for the first thing that is wrong, mistyped keys first."""
    errors = list(jsonschema.Draft202012Validator(rules).iter_errors(config))
    if errors:
        unknown_first = sorted(errors, key=lambda error: error.validator != "additionalProperties")
        raise _sentence(unknown_first[0])


def _sentence(error: Any) -> ConfigError:
    """Return a schema error as the sentence that the terminal shows."""
    place = place_of(error.absolute_path)
    here = f"'{place}'" if place else "the study file"
    value, rule = error.instance, error.validator_value
    note = error.schema.get("description", "")
    note = f" ({note})" if note else ""
    if error.validator == "additionalProperties" and rule is False:
        known = list(error.schema["properties"])
        name = next(key for key in value if key not in known)
        return ConfigError(f"Unknown key '{name}' in {here}{similar(name, known)}: it may hold {', '.join(known)}.")
    if error.validator == "required":
        missing = [key for key in rule if key not in value]
        return ConfigError(f"The key {', '.join(missing)} is missing in {here}: add it.")
    if error.validator == "enum" and "x-kind" in error.schema:
        return UnknownNameError(error.schema["x-kind"], str(value), rule, here)
    if error.validator in ("enum", "const"):
        known = [str(name) for name in (rule if isinstance(rule, list) else [rule])]
        return ConfigError(f"'{value}' in {here} is not allowed{similar(value, known)}: use one of {', '.join(known)}.")
    if error.validator == "type":
        kinds = rule if isinstance(rule, list) else [rule]
        wanted = " or ".join(KINDS.get(kind, kind) for kind in kinds)
        shown = "empty (null)" if value is None else str(value) if quote_advice(value) else repr(value)
        note += quote_advice(value) if "string" in kinds else ""
        return ConfigError(f"{here} is {shown} where {wanted} is needed{note}.")
    if error.validator == "pattern":
        return ConfigError(_name_sentence(value, here, rule))
    if error.validator == "maxLength":
        return ConfigError(f"The name '{value[:20]}...' in {here} has {len(value)} characters: use at most {rule}.")
    limits = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }
    if error.validator in ("minProperties", "minItems"):
        return ConfigError(f"{here} holds nothing: add an entry{note}.")
    if error.validator in limits:
        return ConfigError(f"'{place}' is {value}: it must be {limits[error.validator]} {rule}{note}.")
    return ConfigError(f"{here} is wrong: {error.message}{note}.")


def _name_sentence(name: str, here: str, pattern: str) -> str:
    """Return what a name of letters that names may not hold is told, and what to write in its place."""
    letters = "lower-case letters" if pattern == LABEL else "letters"
    better = re.sub(r"[^A-Za-z0-9]+", "-", name.lower() if pattern == LABEL else name).strip("-")
    advice = f"write '{better}'" if better else "choose another"
    return f"The name {name!r} in {here} may hold {letters}, digits and hyphens only: {advice}."


def _fill(value: Any, rules: dict[str, Any]) -> None:
    """Fill defaults into ``value`` in place, section by section."""
    if isinstance(value, dict):
        for part in (rules, *branches_of(value, rules)):
            properties = part.get("properties", {})
            for key, rule in properties.items():
                if key not in value and "default" in rule:
                    value[key] = copy.deepcopy(rule["default"])
            for key, item in value.items():
                rule = properties.get(key, part.get("additionalProperties", {}))
                if isinstance(rule, dict):
                    _fill(item, rule)


def _located(value: Any, rules: dict[str, Any], project: Path) -> Any:
    """Return ``value`` with every path that leads nowhere from here, but somewhere from the project, led from there."""
    if rules.get("x-path") and isinstance(value, str):
        there = str(project / value)
        return there if not os.path.exists(value) and os.path.exists(there) else value
    if isinstance(value, dict):
        properties, others = rules.get("properties", {}), rules.get("additionalProperties", {})
        found = {key: properties.get(key, others) for key in value}
        return {
            key: _located(item, found[key], project) if isinstance(found[key], dict) else item
            for key, item in value.items()
        }
    return value


def check_config(study: dict[str, Any]) -> None:
    """Check what a schema cannot: keys that must agree with one another, and files that must exist.

    Args:
        study: a study that agrees with the schema, defaults filled in; relative paths start in the working folder.

    Raises:
        ConfigError: the message names the key, the value and what to write instead.
        DataError: a path of the study file does not exist.
    """
    check_letters(study["title"], "'title'")
    for name, dataset in study["datasets"].items():
        _check_dataset(name, dataset)
    _check_training(study)
    _check_scoring(study)
    _check_searches(study)
    _check_shipped(study)
    _check_choices(study)


def _check_dataset(name: str, dataset: dict[str, Any]) -> None:
    from tfnas.datasets.registry import dataset_names
    from tfnas.truth.archive import find_archive
    from tfnas.truth.latencies import check_device

    images, truth, hardware = dataset["images"]["path"], dataset["truth"], dataset["hardware"]
    place = f"datasets.{name}"
    check_letters(truth["columns"], f"{place}.truth.columns")
    for device in hardware["columns"]:
        check_device(device, f"{place}.hardware.columns")
    if name not in dataset_names() and not str(images).endswith(".npz"):
        raise ConfigError(
            f"Unknown dataset '{name}' in 'datasets'{similar(name, list(dataset_names()))}: choose one of "
            f"{', '.join(dataset_names())}, or set {place}.images.path to an .npz of your own images."
        )
    for part in ("images", "truth", "hardware"):
        _check_path(dataset[part]["path"], f"{place}.{part}.path")
    for part in ("truth", "hardware"):
        _check_facts(dataset[part]["path"])
    if truth["source"] == "table" and truth["path"] is None:
        raise ConfigError(f"{place}.truth.source is 'table': set {place}.truth.path to the table.")
    if truth["source"] == "archive" and truth["path"] is not None:
        find_archive(Path(truth["path"]))
    if truth["source"] == "trained" and truth["path"] is not None:
        raise ConfigError(f"{place}.truth.source is 'trained', which reads no file: remove {place}.truth.path.")


def _check_path(path: str | None, key: str) -> None:
    """Refuse a path that does not exist, whose braces Snakemake would read, or whose name no report can print."""
    if path is not None and not _exists(path, key):
        raise DataError(
            f"{key} is '{short(path)}', which does not exist: correct the path (it starts in {Path.cwd()} or in "
            "the folder of the workflow)."
        )


def _check_facts(path: str | None) -> None:
    """Refuse the JSON beside a table that a person gave, where it is damaged or says what no report can print."""
    if path is None or not is_table(path) or not is_there(facts := facts_path(path)):
        return
    check_letters(read_json(facts), f"'{facts}'", DataError)


def _exists(path: str, key: str) -> bool:
    """Return whether a path of the study file exists; refuse one that nothing could be read from."""
    if wrong := re.findall(r"[{}\n\r\0]", path):
        raise ConfigError(f"{key} is {path!r}: a path may not hold {wrong[0]!r}, rename the file or the folder.")
    check_letters(Path(path).name, f"The name of the file of {key}")
    return is_there(path)


def _check_training(study: dict[str, Any]) -> None:
    from tfnas.datasets.training_splits import check_recipe

    recipe = study["training"]
    trained = {
        name: dataset["images"]["path"]
        for name, dataset in study["datasets"].items()
        if dataset["truth"]["source"] == "trained"
    }
    for name, path in trained.items():
        check_recipe(name, path, recipe)
    if trained and recipe["early_epochs"] > recipe["epochs"]:
        raise ConfigError(
            f"training.early_epochs is {recipe['early_epochs']}, after the end of {recipe['epochs']} epochs: "
            "stop at or before training.epochs."
        )


def _check_scoring(study: dict[str, Any]) -> None:
    from tfnas.proxies.registry import ensembles

    scoring = study["scoring"]
    for name in scoring["ensembles"]:
        missing = [member for member in ensembles()[name].members if member not in scoring["proxies"]]
        if missing:
            raise ConfigError(
                f"scoring.ensembles names '{name}', which is made of scores that the study does not have: add "
                f"{', '.join(missing)} to scoring.proxies (now {', '.join(scoring['proxies'])})."
            )
    if scoring["noise_cells"] == 1:
        raise ConfigError("scoring.noise_cells is 1, but a ranking needs two cells: use 0 (none) or 2 and more.")
    if scoring["scorings"] > study["search"]["runs"]:
        raise ConfigError(
            f"scoring.scorings is {scoring['scorings']}, but search.runs is {study['search']['runs']}, so that some "
            "score tables would never be read: use at most as many as runs."
        )
    if scoring["scorings"] > 1 and scoring["scores"] == "table":
        raise ConfigError("scoring.scorings needs scores that are computed or shipped; given tables hold one: use 1.")
    _check_given(study)


def _check_shipped(study: dict[str, Any]) -> None:
    """Check that there is a shipped table of each family of proxies, for every dataset and scoring."""
    from tfnas.proxies.registry import ensembles

    scoring = study["scoring"]
    if scoring["scores"] != "shipped":
        return
    if scoring["shipped"] is None:
        raise ConfigError("scoring.scores is 'shipped': set scoring.shipped to the folder of the score tables.")
    check_letters(scoring["shipped"], "scoring.shipped")
    known = ensembles()
    names = [name for settings in study["search"]["use"].values() for name in proxies_of(settings)]
    read = {proxy for name in names for proxy in (known[name].members if name in known else [name])}
    for number, name in ((number, name) for number in range(scoring["scorings"]) for name in study["datasets"]):
        proxies = [proxy for proxy in scoring["proxies"] if not number or proxy in read]
        for path in shipped_tables(scoring["shipped"], name, number, proxies):
            for file in (path, path.removesuffix(".parquet") + ".json"):
                if not _exists(file, "scoring.shipped"):
                    mend = f"set scoring.scorings to {number}" if number else "correct the folder"
                    raise DataError(
                        f"scoring.shipped is '{short(scoring['shipped'])}', which has no "
                        f"{file.removeprefix(scoring['shipped'] + '/')}: {mend}, or set scoring.scores to computed."
                    )
            _check_facts(path)


def _check_given(study: dict[str, Any]) -> None:
    """Check scores of one's own: their names, and that the table of each dataset has what is to be read from it."""
    scoring, known = study["scoring"], list(study["datasets"])
    if scoring["scores"] != "table" and not scoring["own"] and not scoring["tables"] and scoring["proxies"]:
        return  # and pandas is not imported
    from tfnas.own_scores import RESERVED, check_columns, read_columns
    from tfnas.proxies.registry import ensembles, proxy_names

    check_letters(scoring["own"], "scoring.own")
    for name in scoring["own"]:
        if name in proxy_names() or name in ensembles():
            raise ConfigError(
                f"scoring.own names '{name}', which is a proxy or an ensemble of the registry: choose another name, or "
                "name it under scoring.proxies and set scoring.scores to table."
            )
        if name in RESERVED:
            raise ConfigError(
                f"scoring.own names '{name}', which is a column of every score table: choose another name."
            )
    given = [*(scoring["proxies"] if scoring["scores"] == "table" else ()), *scoring["own"]]
    if not scoring["proxies"] and not given:
        raise ConfigError("The study has no scores: name some under scoring.proxies or scoring.own.")
    if not scoring["proxies"] and scoring["scores"] != "table":
        raise ConfigError(
            "scoring.proxies is empty: name a proxy, or set scoring.scores to table, so that all scores are your own."
        )
    for name in scoring["tables"]:
        if name not in known:
            raise ConfigError(
                f"scoring.tables names '{name}', which is no dataset of the study{similar(name, known)}: it has "
                f"{', '.join(known)}."
            )
    if not given:
        if scoring["tables"]:
            raise ConfigError(
                "scoring.tables is of no use: name what to read under scoring.own, or set scoring.scores to table."
            )
        return
    missing = [name for name in known if name not in scoring["tables"]]
    if missing:
        raise ConfigError(
            f"scoring.tables has nothing for {', '.join(missing)}: add '{missing[0]}: {{path: SCORES.csv}}' to it, for "
            f"the scores {', '.join(given)}."
        )
    for name, table in scoring["tables"].items():
        key = f"scoring.tables.{name}"
        _check_path(table["path"], f"{key}.path")
        _check_facts(table["path"])
        check_columns(read_columns(table["path"]), given, table["columns"], f"{key}.columns", table["path"])


def _check_searches(study: dict[str, Any]) -> None:
    from tfnas.proxies.registry import ensembles, proxy_names
    from tfnas.search.registry import accuracies_of, get_algorithm

    search, scored, known = study["search"], scored_names(study), list(study["datasets"])
    if not search["use"]:
        raise ConfigError(
            "search.use names no search, so there is nothing to summarise: add one under search.use, for example "
            "'random-cell: {algorithm: random_cell}'."
        )
    for label, constraint in search["spaces"].items():
        _check_constraint(study, f"search.spaces.{label}", constraint)
    for label, settings in search["use"].items():
        place, algorithm = f"search.use.{label}", get_algorithm(settings["algorithm"])
        for proxy in proxies_of(settings):
            if proxy not in scored:
                if proxy not in proxy_names() and proxy not in ensembles():
                    meant = similar(proxy, [*scored, *proxy_names()])
                    raise ConfigError(
                        f"{place}.proxy is '{proxy}', which is no proxy or ensemble{meant}: the study scores "
                        f"{', '.join(scored)}; scores of your own are declared under scoring.own."
                    )
                key = "ensembles" if proxy in ensembles() else "proxies"
                raise ConfigError(
                    f"{place}.proxy is '{proxy}', which the study does not score: add it to scoring.{key} "
                    f"(now {', '.join(study['scoring'][key]) or 'none'})."
                )
        if settings.get("sample", 0) > SPACE_SIZE:
            raise ConfigError(
                f"{place}.sample is {settings['sample']}, but the search space has {SPACE_SIZE} cells: use fewer."
            )
        algorithm.settings(settings, label)  # refuses what does not concern the algorithm
        _check_accuracies_of(place, settings, known)
        if algorithm.needs_live and "constraint" in settings:
            raise ConfigError(
                f"{place}.constraint limits '{algorithm.name}', which prunes a supernet of the whole space: remove it."
            )
        _check_settings(study, place, algorithm, settings)
        _check_constraint(study, f"{place}.constraint", settings.get("constraint", {}))
        _check_devices(study, place, devices_of(settings))
        if algorithm.spends_budget(settings):
            for name in dict.fromkeys(accuracies_of(settings, dataset) for dataset in known):
                if budget_of(study, name) is None:
                    raise ConfigError(
                        f"{place} trains, but search.budget_seconds has nothing for '{name}': add "
                        f"'budget_seconds: {{{name}: SECONDS}}' under search, or 'evaluations: NUMBER' to this search."
                    )
    for key, value in (
        ("search.budget_seconds", search["budget_seconds"]),
        ("scoring.batch_size", study["scoring"]["batch_size"]),
    ):
        for name in value if isinstance(value, dict) else ():
            if name not in known:
                raise ConfigError(
                    f"{key} names '{name}', which is no dataset of the study{similar(name, known)}: "
                    f"it has {', '.join(known)}."
                )
    for name in known:
        if batch_size_of(study, name) is None:
            raise ConfigError(f"scoring.batch_size has nothing for '{name}': add '{name}: 128' to it.")


def _check_choices(study: dict[str, Any]) -> None:
    """Check what is chosen without the dataset that it is judged on, where a study asks for it."""
    choice, leagues, datasets = study["scoring"]["ensemble_choice"], study["search"]["leagues"], list(study["datasets"])
    if not choice["proxies"] and not leagues:
        return
    from tfnas.leave_one_out import LEAGUE, check_datasets, check_ensemble_choice

    scored, searches = [*study["scoring"]["proxies"], *study["scoring"]["own"]], list(study["search"]["use"])
    for name in choice["proxies"]:
        if name not in scored:
            raise ConfigError(
                f"scoring.ensemble_choice.proxies names '{name}', which the study does not score"
                f"{similar(name, scored)}: add it to scoring.proxies (now {', '.join(scored)})."
            )
    if choice["proxies"]:
        check_ensemble_choice(datasets, choice["proxies"], choice["largest"])
    for league, labels in leagues.items():
        check_datasets(datasets, LEAGUE)
        for label in labels:
            if label not in searches:
                raise ConfigError(
                    f"search.leagues.{league} names '{label}', which is no search of the study"
                    f"{similar(label, searches)}: search.use has {', '.join(searches)}."
                )


def _check_accuracies_of(place: str, settings: dict[str, Any], datasets: list[str]) -> None:
    name = settings.get("accuracies_of")
    if name is not None and name not in datasets:
        raise ConfigError(
            f"{place}.accuracies_of names '{name}', which is no dataset of the study{similar(name, datasets)}: "
            f"it has {', '.join(datasets)}."
        )


def _check_settings(study: dict[str, Any], place: str, algorithm: Algorithm, settings: dict[str, Any]) -> None:
    """Build the search once on the whole space: it says itself which of its parameters do not agree."""
    import numpy as np

    from tfnas.search.base import SearchSpace
    from tfnas.search.registry import BUDGET_PARAMETERS, STUDY_KEYS

    handled = {*STUDY_KEYS, *(BUDGET_PARAMETERS if algorithm.needs_budget else ())}
    own = {key: value for key, value in settings.items() if key not in handled}
    try:
        algorithm.build(SearchSpace(np.arange(SPACE_SIZE)), np.random.default_rng(study["seed"]), **own)
    except TfnasError as error:
        raise ConfigError(f"{place} is wrong: {error}") from error


def _check_devices(study: dict[str, Any], place: str, devices: list[str]) -> None:
    """Refuse a latency where a dataset has no table of latencies; the job that reads the table knows its devices."""
    from tfnas.truth.latencies import check_device

    for device in devices:
        check_device(device, place)
        for name, dataset in study["datasets"].items():
            if dataset["hardware"]["path"] is None:
                raise ConfigError(
                    f"{place} asks for the latency on '{device}', but '{name}' has no table of latencies: set "
                    f"datasets.{name}.hardware.path."
                )


def _check_constraint(study: dict[str, Any], place: str, constraint: dict[str, Any]) -> None:
    from tfnas.truth.latencies import RESERVED

    if "latency" in constraint:
        device = constraint["latency"]["device"]
        if device in RESERVED:
            raise ConfigError(f"{place}.latency.device is '{device}', which is no device.")
        _check_devices(study, place, [device])


def devices_of(settings: dict[str, Any]) -> list[str]:
    """Return the devices whose latencies a search limits or weighs."""
    from tfnas.search.constraints import COUNTED, limits_of
    from tfnas.search.registry import get_algorithm

    wanted = list(limits_of(settings.get("constraint", {})))
    if get_algorithm(settings["algorithm"]).weighs_cost:
        wanted.append(settings["cost"])
    return [name for name in dict.fromkeys(wanted) if name not in COUNTED]


def shipped_name(dataset: str, scoring: int) -> str:
    """Return the name of the folder of the shipped score tables of a dataset and a scoring."""
    return f"{dataset}.scoring-{scoring}" if scoring else dataset


def shipped_tables(folder: str, dataset: str, scoring: int, proxies: Iterable[str]) -> list[str]:
    """Return the shipped score tables that hold some proxies, one of each family, for a dataset and a scoring."""
    from tfnas.proxies.registry import family_of

    families = dict.fromkeys(family_of(proxy) for proxy in proxies)
    return [f"{folder}/{shipped_name(dataset, scoring)}/{family}.parquet" for family in families]


def scored_names(study: dict[str, Any]) -> list[str]:
    """Return the names in the score tables of a study: its proxies, then its own scores, then its ensembles."""
    return [*study["scoring"]["proxies"], *study["scoring"]["own"], *study["scoring"]["ensembles"]]


def proxies_of(settings: dict[str, Any]) -> list[str]:
    """Return the proxies and ensembles that a search reads with its settings."""
    from tfnas.search.registry import get_algorithm

    return get_algorithm(settings["algorithm"]).proxies(settings)


def budget_of(study: dict[str, Any], dataset: str) -> float | None:
    """Return the simulated seconds that a search on a dataset may spend, None where the study gives none."""
    budget = study["search"]["budget_seconds"]
    return budget.get(dataset) if isinstance(budget, dict) else budget


def batch_size_of(study: dict[str, Any], dataset: str) -> int | None:
    """Return the images of the mini-batch of a dataset, None where the study gives none."""
    size = study["scoring"]["batch_size"]
    return size.get(dataset) if isinstance(size, dict) else size


def warnings_of(study: dict[str, Any]) -> list[str]:
    """Return what is allowed and yet probably not meant, a sentence each."""
    runs = study["search"]["runs"]
    if study["search"]["use"] and runs < RECOMMENDED_RUNS:
        return [f"search.runs is {runs}: at least {RECOMMENDED_RUNS} are recommended to tell searches apart."]
    return []


def documentation() -> str:
    """Return ``docs/config.md``: every key with its type, its default and its meaning."""
    lines = [
        "# The study file",
        "",
        "<!-- Generated from src/tfnas/config.py by `make docs`; do not edit. -->",
        "",
        *PREFACE.format(longest=LONGEST_NAME).splitlines(),
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
    ]
    lines += [_row(*entry) for entry in _keys(schema(), ())]
    return "\n".join([*lines, ""])


def _keys(rules: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    required = rules.get("required", ())
    for key, rule in rules.get("properties", {}).items():
        yield ".".join((*path, key)), rule, key in required
        yield from _keys(rule, (*path, key))
    more = rules.get("additionalProperties")
    if isinstance(more, dict) and more.get("type") == "object":
        yield from _keys(more, (*path, "NAME"))
    for branch in rules.get("allOf", ()):
        algorithm = branch["if"]["properties"]["algorithm"]["const"]
        common = rules["properties"]
        parameters = {key: value for key, value in branch["then"]["properties"].items() if key not in common}
        inner = {"properties": parameters, "required": branch["then"]["required"]}
        for key, rule, needed in _keys(inner, path):
            yield f"{key} ({algorithm})", rule, needed


def _row(key: str, rule: dict[str, Any], required: bool) -> str:
    kinds = rule.get("type", "")
    kind = " or ".join(kinds) if isinstance(kinds, list) else kinds
    names = ", ".join(f"`{name}`" for name in rule.get("enum", rule.get("items", {}).get("enum", ())))
    if names:
        kind = f"list of {names}" if kinds == "array" else names
    if required:
        default = "required"
    elif rule.get("default", ...) in (..., {}):
        default = ""
    else:
        default = f"`{json.dumps(rule['default'])}`"
    return f"| `{key}` | {kind} | {default} | {rule.get('description', '')} |"
