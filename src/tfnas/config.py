"""The study file: its closed schema, its defaults, and the checks that a schema cannot express.

The schema is built here and nowhere else; names of proxies, searches and dataset sources come from their registries.
``schemas/config.schema.json`` (for editors) and ``docs/config.md`` (for people) are generated from it by
``make docs``; a test fails when they are stale. No torch is imported.
"""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.cells import SPACE_SIZE
from tfnas.errors import ConfigError, DataError, TfnasError, UnknownNameError
from tfnas.files import atomic

if TYPE_CHECKING:
    from tfnas.search.registry import Algorithm

NAME = r"^[A-Za-z0-9][A-Za-z0-9-]*$"
"""What a dataset may be called: letters, digits and hyphens."""

LABEL = r"^[a-z0-9][a-z0-9-]*$"
"""What a study or a search may be called: lower-case letters, digits and hyphens."""

RECOMMENDED_RUNS = 30
"""Fewer runs than this give intervals too wide to tell searches apart; the workflow warns."""

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
    return {"type": ["string", "null"], "default": None, "description": description}


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
                    "propertyNames": {"pattern": NAME},
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
                            "enum": ["computed", "shipped"],
                            "default": "computed",
                            "description": "`computed`: here, chunk by chunk; `shipped`: read from the folder "
                            "`shipped`.",
                        },
                        "shipped": _path(
                            "Folder with {dataset}.csv.gz and {dataset}.json, used when `scores` is shipped."
                        ),
                        "proxies": {
                            "type": "array",
                            "minItems": 1,
                            "uniqueItems": True,
                            "default": ["naswot"],
                            "items": _name_of("proxy", list(proxy_names()), "A proxy of the registry."),
                            "description": "The proxies to score every cell with.",
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
                            "number, or one for each dataset.",
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
                            "propertyNames": {"pattern": LABEL},
                            "description": "The searches, by a label of your choice.",
                            "additionalProperties": _search_settings(),
                        },
                        "spaces": {
                            "type": "object",
                            "default": {},
                            "propertyNames": {"pattern": LABEL},
                            "description": "Sub-spaces to compare by the FLOPs of their cells, as constraints by a "
                            "label of your choice.",
                            "additionalProperties": _constraint("The cells of a sub-space."),
                        },
                        "leagues": {
                            "type": "object",
                            "default": {},
                            "propertyNames": {"pattern": LABEL},
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
    """Return the schema of a constraint, see :mod:`tfnas.hardware`."""
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


def load_study(config: dict[str, Any]) -> dict[str, Any]:
    """Check a study as read from YAML, and return it with every default filled in.

    Raises:
        ConfigError: a key or a value is wrong; the message says where, and what exists.
    """
    import jsonschema

    rules = schema()
    _explain(config, rules, jsonschema)
    study = copy.deepcopy(config)
    _fill(study, rules)
    check_config(study)
    return study


def _explain(config: dict[str, Any], rules: dict[str, Any], jsonschema: Any) -> None:
    """Raise one sentence for the first thing that is wrong, mistyped keys first."""
    errors = list(jsonschema.Draft202012Validator(rules).iter_errors(config))
    if errors:
        unknown_first = sorted(errors, key=lambda error: error.validator != "additionalProperties")
        raise _sentence(unknown_first[0])


def _place(path: Any) -> str:
    """Return where something stands in the study file, for example ``search.use.area.sample``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _similar(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.7)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _sentence(error: Any) -> ConfigError:
    """Return a schema error as the sentence that the terminal shows."""
    place = _place(error.absolute_path)
    here = f"'{place}'" if place else "the study file"
    value, rule = error.instance, error.validator_value
    note = error.schema.get("description", "")
    note = f" ({note})" if note else ""
    if error.validator == "additionalProperties" and rule is False:
        known = list(error.schema["properties"])
        name = next(key for key in value if key not in known)
        return ConfigError(f"Unknown key '{name}' in {here}{_similar(name, known)}: it may hold {', '.join(known)}.")
    if error.validator == "required":
        missing = [key for key in rule if key not in value]
        return ConfigError(f"The key {', '.join(missing)} is missing in {here}: add it.")
    if error.validator == "enum" and "x-kind" in error.schema:
        return UnknownNameError(error.schema["x-kind"], str(value), rule, here)
    if error.validator in ("enum", "const"):
        known = [str(name) for name in (rule if isinstance(rule, list) else [rule])]
        return ConfigError(
            f"'{value}' in {here} is not allowed{_similar(value, known)}: use one of {', '.join(known)}."
        )
    if error.validator == "type":
        kinds = rule if isinstance(rule, list) else [rule]
        wanted = " or ".join(KINDS.get(kind, kind) for kind in kinds)
        if isinstance(value, str) and {"integer", "number", "boolean"} & set(kinds):
            note += "; values inside a nested --config arrive as text, so write them into a second --configfile"
        return ConfigError(f"{here} is {value!r} where {wanted} is needed{note}.")
    if error.validator == "pattern":
        return ConfigError(f"The name '{value}' in {here} may hold letters, digits and hyphens only (pattern {rule}).")
    limits = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }
    if error.validator in limits:
        return ConfigError(f"'{place}' is {value}: it must be {limits[error.validator]} {rule}{note}.")
    return ConfigError(f"{here} is wrong: {error.message}{note}.")


def _fill(value: Any, rules: dict[str, Any]) -> None:
    """Fill defaults into ``value`` in place, section by section."""
    if isinstance(value, dict):
        branches = [branch["then"] for branch in rules.get("allOf", ()) if _is_branch(value, branch)]
        for part in (rules, *branches):
            properties = part.get("properties", {})
            for key, rule in properties.items():
                if key not in value and "default" in rule:
                    value[key] = copy.deepcopy(rule["default"])
            for key, item in value.items():
                rule = properties.get(key, part.get("additionalProperties", {}))
                if isinstance(rule, dict):
                    _fill(item, rule)


def _is_branch(value: dict[str, Any], branch: dict[str, Any]) -> bool:
    return value.get("algorithm") == branch["if"]["properties"]["algorithm"]["const"]


def check_config(study: dict[str, Any]) -> None:
    """Check what a schema cannot: keys that must agree with one another, and files that must exist.

    Args:
        study: a study that agrees with the schema, defaults filled in; relative paths start in the working folder.

    Raises:
        ConfigError: the message names the key, the value and what to write instead.
        DataError: a path of the study file does not exist.
    """
    for name, dataset in study["datasets"].items():
        _check_dataset(name, dataset)
    _check_training(study)
    _check_scoring(study)
    _check_searches(study)
    _check_choices(study)


def _check_dataset(name: str, dataset: dict[str, Any]) -> None:
    from tfnas.datasets import dataset_names

    images, truth = dataset["images"]["path"], dataset["truth"]
    place = f"datasets.{name}"
    if name not in dataset_names() and not str(images).endswith(".npz"):
        raise ConfigError(
            f"Unknown dataset '{name}' in 'datasets'{_similar(name, list(dataset_names()))}: choose one of "
            f"{', '.join(dataset_names())}, or set {place}.images.path to an .npz of your own images."
        )
    _check_exists(images, f"{place}.images.path")
    _check_exists(truth["path"], f"{place}.truth.path")
    _check_exists(dataset["hardware"]["path"], f"{place}.hardware.path")
    if truth["source"] == "table" and truth["path"] is None:
        raise ConfigError(f"{place}.truth.source is 'table': set {place}.truth.path to the table.")
    if truth["source"] == "trained" and truth["path"] is not None:
        raise ConfigError(f"{place}.truth.source is 'trained', which reads no file: remove {place}.truth.path.")


def _check_exists(path: str | None, key: str) -> None:
    if path is not None and not Path(path).exists():
        raise DataError(f"{key} is '{path}', which does not exist: correct the path (it starts in {Path.cwd()}).")


def _check_training(study: dict[str, Any]) -> None:
    recipe = study["training"]
    trained = [name for name, dataset in study["datasets"].items() if dataset["truth"]["source"] == "trained"]
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
    if scoring["scores"] != "shipped":
        return
    if scoring["shipped"] is None:
        raise ConfigError("scoring.scores is 'shipped': set scoring.shipped to the folder of the score tables.")
    for name in study["datasets"]:
        for file in (f"{name}.csv.gz", f"{name}.json"):
            if not (Path(scoring["shipped"]) / file).exists():
                raise DataError(
                    f"scoring.shipped is '{scoring['shipped']}', which has no {file}: correct the folder, or set "
                    "scoring.scores to computed."
                )


def _check_searches(study: dict[str, Any]) -> None:
    from tfnas.proxies.registry import ensembles
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
        _check_settings(place, algorithm, settings)
        _check_constraint(study, f"{place}.constraint", settings.get("constraint", {}))
        _check_devices(study, place, devices_of(settings))
        if algorithm.needs_budget:
            for name in dict.fromkeys(accuracies_of(settings, dataset) for dataset in known):
                if budget_of(study, name) is None:
                    raise ConfigError(
                        f"{place} trains, but search.budget_seconds has nothing for '{name}': add "
                        f"'budget_seconds: {{{name}: SECONDS}}' under search."
                    )
    for key, value in (
        ("search.budget_seconds", search["budget_seconds"]),
        ("scoring.batch_size", study["scoring"]["batch_size"]),
    ):
        for name in value if isinstance(value, dict) else ():
            if name not in known:
                raise ConfigError(
                    f"{key} names '{name}', which is no dataset of the study{_similar(name, known)}: "
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

    scored, searches = study["scoring"]["proxies"], list(study["search"]["use"])
    for name in choice["proxies"]:
        if name not in scored:
            raise ConfigError(
                f"scoring.ensemble_choice.proxies names '{name}', which the study does not score"
                f"{_similar(name, scored)}: add it to scoring.proxies (now {', '.join(scored)})."
            )
    if choice["proxies"]:
        check_ensemble_choice(datasets, choice["proxies"], choice["largest"])
    for league, labels in leagues.items():
        check_datasets(datasets, LEAGUE)
        for label in labels:
            if label not in searches:
                raise ConfigError(
                    f"search.leagues.{league} names '{label}', which is no search of the study"
                    f"{_similar(label, searches)}: search.use has {', '.join(searches)}."
                )


def _check_accuracies_of(place: str, settings: dict[str, Any], datasets: list[str]) -> None:
    name = settings.get("accuracies_of")
    if name is not None and name not in datasets:
        raise ConfigError(
            f"{place}.accuracies_of names '{name}', which is no dataset of the study{_similar(name, datasets)}: "
            f"it has {', '.join(datasets)}."
        )


def _check_settings(place: str, algorithm: Algorithm, settings: dict[str, Any]) -> None:
    """Build the search once on the whole space: it says itself which of its parameters do not agree."""
    import numpy as np

    from tfnas.search.base import SearchSpace
    from tfnas.search.registry import BUDGET_PARAMETERS, STUDY_KEYS

    handled = {*STUDY_KEYS, *BUDGET_PARAMETERS}
    own = {key: value for key, value in settings.items() if key not in handled}
    try:
        algorithm.build(SearchSpace(np.arange(SPACE_SIZE)), np.random.default_rng(0), **own)
    except TfnasError as error:
        raise ConfigError(f"{place} is wrong: {error}") from error


def _check_devices(study: dict[str, Any], place: str, devices: list[str]) -> None:
    """Refuse a latency where a dataset has no table of latencies; the job that reads the table knows its devices."""
    for device in devices:
        for name, dataset in study["datasets"].items():
            if dataset["hardware"]["path"] is None:
                raise ConfigError(
                    f"{place} asks for the latency on '{device}', but '{name}' has no table of latencies: set "
                    f"datasets.{name}.hardware.path."
                )


def _check_constraint(study: dict[str, Any], place: str, constraint: dict[str, Any]) -> None:
    from tfnas.hardware import RESERVED

    if "latency" in constraint:
        device = constraint["latency"]["device"]
        if device in RESERVED:
            raise ConfigError(f"{place}.latency.device is '{device}', which is no device.")
        _check_devices(study, place, [device])


def devices_of(settings: dict[str, Any]) -> list[str]:
    """Return the devices whose latencies a search limits or weighs."""
    from tfnas.hardware import COUNTED, limits_of
    from tfnas.search.registry import get_algorithm

    wanted = list(limits_of(settings.get("constraint", {})))
    if get_algorithm(settings["algorithm"]).weighs_cost:
        wanted.append(settings["cost"])
    return [name for name in dict.fromkeys(wanted) if name not in COUNTED]


def scored_names(study: dict[str, Any]) -> list[str]:
    """Return the names in the score tables of a study: its proxies, then its ensembles."""
    return [*study["scoring"]["proxies"], *study["scoring"]["ensembles"]]


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
        "One YAML file is one study. The schema is closed: an unknown or mistyped key is an error that says where it",
        "stands and which keys exist. `config.yaml` is read unless `--configfile` names another file; they are not",
        "merged. `NAME` stands for a name of your choice.",
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


def write_yaml(path: str | Path, content: Any) -> None:
    """Write ``content`` as YAML, atomically, keys in their order."""
    import yaml

    with atomic(path) as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
