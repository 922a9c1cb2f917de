"""What becomes a rule: the summaries, exhibits and topics that exist, their inputs and parameters in a study.

Only the workflow asks; no job imports this module.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from tfnas.errors import ConfigError
from tfnas.products import Exhibit, Paths, Product, Summary, Topic
from tfnas.proxies.registry import declare_own, describe
from tfnas.search.registry import get_algorithm

PACKAGE = Path(__file__).parent
"""Folder of the library."""


def needed_files(product: Product, study: Any) -> dict[str, Paths]:
    """Return the files of each need."""
    known = {file for summary in summaries() for file in summary.files.values()}
    made = {file for summary in study.summary_specs for file in summary.files.values()}
    needed: dict[str, Paths] = {}
    for name, need in product.needs.items():
        file = "" if callable(need) else need.removeprefix("summaries/")
        if callable(need):
            needed[name] = need(study)
        elif file != need and file not in known:
            raise ConfigError(f"'{product.module}' needs '{need}', which no module of tfnas.analysis makes.")
        elif file != need and file not in made:
            needed[name] = []
        elif "{dataset}" in need and product.each != "dataset":
            needed[name] = {dataset: study.file(need.replace("{dataset}", dataset)) for dataset in study.datasets}
        else:
            needed[name] = study.file(need)
    return needed


def inputs(product: Product, study: Any) -> dict[str, str | list[str]]:
    """Return the inputs of its rule."""
    needed = needed_files(product, study)
    return {name: list(paths.values()) if isinstance(paths, dict) else paths for name, paths in needed.items()}


def parameters(product: Product, study: Any) -> dict[str, Any]:
    """Return the parameters of its rule: those of the job, what and how it prints, and how its inputs are called."""
    wanted = product.params if isinstance(product.params, Mapping) else {name: name for name in product.params}
    values = {name: get(study) if callable(get) else getattr(study, get) for name, get in wanted.items()}
    named = {name: list(paths) for name, paths in needed_files(product, study).items() if isinstance(paths, dict)}
    printed = {registry: words(study, registry) for registry in product.printed}
    if not isinstance(product, Summary):
        values["decimals"] = study.reported["decimals"]
    return values | {"module": product.module, "named": named, "printed": printed}


def read_spec(path: Path) -> Any:
    """Return the ``SPEC`` of a module without running the rest of it, None where it has none.

    The name is that of the file and the message the first line of the module's docstring, unless it says others.

    Raises:
        ConfigError: the declaration uses a name that this module does not have, or an argument that does not exist.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    found: list[ast.stmt] = [node for node in assigned if ast.unparse(node.targets[0]) == "SPEC"]
    if not found:
        return None
    names: dict[str, Any] = {"Summary": Summary, "Exhibit": Exhibit, "Topic": Topic}
    try:
        exec(compile(ast.Module(found, []), str(path), "exec"), names)
    except (NameError, TypeError) as error:
        said = f"The SPEC of '{path}' cannot be read: {error}; it may use Summary, Exhibit and Topic alone."
        raise ConfigError(said) from error
    spec = names["SPEC"]
    name = path.stem.removesuffix(f"_{getattr(spec, 'kind', '')}").replace("_", "-")
    said = (ast.get_docstring(tree) or name).splitlines()[0].rstrip(".")
    said += f": {{wildcards.{spec.each}}}" if spec.each else ""
    return replace(spec, name=spec.name or name, message=spec.message or said)


def source_of(module: str) -> Path:
    """Return the file of a module of the library."""
    return PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")


def _declared(package: str) -> Iterator[Any]:
    """Yield the ``SPEC`` of every module of a package that has one, in the order of their names."""
    for path in sorted(source_of(package).with_suffix("").glob("*.py")):
        if (spec := read_spec(path)) is not None:
            yield replace(spec, module=f"{package}.{path.stem}")


@cache
def summaries() -> tuple[Summary, ...]:
    """Return what the modules of :mod:`tfnas.analysis` declare, in the order of their names."""
    return tuple(_declared("tfnas.analysis"))


@cache
def exhibits() -> tuple[Exhibit, ...]:
    """Return what the modules of :mod:`tfnas.report.exhibits` declare, in the order of their names."""
    return tuple(_declared("tfnas.report.exhibits"))


@cache
def topics() -> tuple[Topic, ...]:
    """Return what the modules of ``tfnas.report.numbers`` declare, each after those whose numbers it reads."""
    waiting = {topic.name: topic for topic in _declared("tfnas.report.numbers")}
    order: list[Topic] = []
    while waiting:
        ready = [topic for topic in waiting.values() if not set(topic.after) & set(waiting)]
        if not ready:
            names = ", ".join(waiting)
            raise ConfigError(f"The topics {names} wait for one another: mend what they say under `after`.")
        order += ready
        waiting = {name: topic for name, topic in waiting.items() if topic not in ready}
    return tuple(order)


def words(study: Any, registry: str) -> dict[str, Any]:
    """Return what a report may print of the searches or the proxies of a study, from their registry.

    It becomes a parameter of the rules that print it, so that editing a title makes again what shows the title, and
    nothing else.

    Args:
        study: the study.
        registry: ``searches`` or ``proxies``.
    """
    if registry == "searches":
        used = {settings["algorithm"] for settings in study.searches.values()}
        return {name: _plain(get_algorithm(name)) for name in sorted(used)}
    declare_own(study.own)
    return {name: _plain(describe(name)) for name in study.scored}


def _plain(entry: Any) -> Any:
    """Return an entry of a registry as text, numbers, and lists and mappings of them; code is left out."""
    if isinstance(entry, Mapping):
        return {str(name): _plain(value) for name, value in entry.items()}
    if isinstance(entry, list | tuple):
        return [_plain(value) for value in entry]
    if is_dataclass(entry):
        return {name: _plain(value) for name, value in vars(entry).items() if not callable(value)}
    return entry if isinstance(entry, str | int | float | None) else type(entry).__name__
