r"""From templates and numbers to ``report.tex``.

Templates are jinja2 with delimiters that mean nothing to TeX: ``((* if ... *))`` for statements, ``((( value )))`` for
expressions, ``((= comment =))`` for comments. ``main.tex`` includes every file of ``sections/`` and of ``appendix/`` in
the order of their names: a chapter is added by adding a file. A search or a proxy is described by the file of its name
in ``algorithms/`` or ``proxies/``; one without such a file is described by its registry.

Inside templates:

``num(key)``      the macro that prints a number (``\result{key}``); an unknown key is an error
``raw(key)``      its raw value, to decide what is said
``has(key)``      whether it exists
``counted(key, one, many)``  a count with its noun: ``no cell``, ``one cell``, ``five cells``, ``\result{key} cells``
``count(key)``    the count alone, ``how_many(key)`` with none for no
``agree(key, one, many)``  the form of a word that follows a count
``sentence``      filter that begins a text with a capital letter
``figure(name)``  where the figure of that name lies, relative to ``report.tex``; ``table(name)`` likewise
``has_figure(name)``, ``has_table(name)``  whether it was made for this study
``reported``      what the results are called (:mod:`tfnas.report.numbers.reported`)
``tex``           filter that escapes text for TeX
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfnas.analysis.published_rows import NATS_DATASETS
from tfnas.errors import ReportError
from tfnas.files import atomic, read_json
from tfnas.proxies.registry import describe
from tfnas.report import detail
from tfnas.report.citations import known_keys
from tfnas.report.names import contenders, search_group, search_titles
from tfnas.report.rounding import escape
from tfnas.report.titles import dataset_title
from tfnas.report.wording import agree, count_words, listed
from tfnas.search.registry import get_algorithm
from tfnas.spaces.registry import get_space

if TYPE_CHECKING:
    import jinja2

_PSEUDOCODE = "%% pseudocode"


def template_files(template_folder: str | Path) -> list[str]:
    """Return the files that rendering reads, sorted: everything under the folder except captions and published rows."""
    folder = Path(template_folder)
    return sorted(
        str(path)
        for path in folder.rglob("*")
        if path.suffix in (".tex", ".bib") and "captions" not in path.relative_to(folder).parts
    )


def render_report(
    study: dict[str, Any],
    scored: list[str],
    template_folder: str | Path,
    numbers_path: str | Path,
    exhibits: list[str | Path],
    output: str | Path,
) -> None:
    """Write ``report.tex`` at ``output`` and the bibliography ``refs.bib`` beside it.

    Args:
        study: the merged study file.
        scored: names of its proxies, ensembles and given scores.
        template_folder: folder with ``main.tex``, ``sections/`` and ``refs.bib``.
        numbers_path: ``numbers.tex``, with ``numbers.json`` beside it.
        exhibits: figures (.pdf) and tables (.tex) of the study; the report names them relative to ``output``.
        output: path of the report.

    Raises:
        ReportError: a template is wrong, asks for a number that does not exist, or cites what the bibliography lacks.
    """
    import jinja2

    folder, output = Path(template_folder), Path(output)
    numbers = read_json(Path(numbers_path).with_suffix(".json"))
    environment = _environment(folder)
    environment.globals.update(_facts(study, scored, numbers) | _helpers(numbers, exhibits, output, environment))
    try:
        text = environment.get_template("main.tex").render()
    except jinja2.TemplateSyntaxError as error:
        raise ReportError(f"Template '{folder / (error.name or '')}', line {error.lineno}: {error.message}.") from error
    except jinja2.TemplateNotFound as error:
        raise ReportError(f"'{folder}' holds no template '{error.name}': restore it.") from error
    except _TemplateError as error:
        raise ReportError(f"{_place(error, folder)}: {error}.") from error
    except jinja2.UndefinedError as error:
        raise ReportError(f"{_place(error, folder)}: it uses a name that does not exist: {error.message}.") from error
    except TypeError as error:
        raise ReportError(
            f"{_place(error, folder)}: it compares a number that has no value in this study ({error}): "
            "guard it with 'is not none'."
        ) from error
    bibliography = folder / "refs.bib"
    shown = [Path(path) for path in exhibits if f"{{{os.path.relpath(path, output.parent)}}}" in text]
    _check_citations(text, bibliography, [path for path in shown if path.suffix == ".tex"])
    with atomic(output.with_name("refs.bib")) as temporary:
        shutil.copyfile(bibliography, temporary)
    with atomic(output) as temporary:
        temporary.write_text(text, encoding="utf-8")


class _TemplateError(Exception):
    """A template asks for what there is not; what it asked for, without the place."""


def _place(error: Exception, folder: Path) -> str:
    """Return which line of which template raised an error: jinja2 writes both into the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    return f"Template '{inside[-1].filename}', line {inside[-1].lineno}" if inside else f"A template in '{folder}'"


def _environment(folder: Path) -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        block_start_string="((*",
        block_end_string="*))",
        variable_start_string="(((",
        variable_end_string=")))",
        comment_start_string="((=",
        comment_end_string="=))",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    sentence = {"sentence": lambda text: text[:1].upper() + text[1:]}
    environment.filters |= {"tex": escape, "dataset_title": dataset_title} | sentence
    return environment


def _helpers(
    numbers: dict[str, dict[str, Any]], exhibits: list[str | Path], output: Path, environment: jinja2.Environment
) -> dict[str, Any]:
    """Return the functions that templates may use."""
    paths = [Path(path) for path in exhibits]
    places = {(path.suffix, path.stem): Path(os.path.relpath(path, output.parent)).as_posix() for path in paths}

    def entry(key: str) -> dict[str, Any]:
        if key not in numbers:
            raise _TemplateError(f"it asks for the number '{key}', which no result file gives")
        return numbers[key]

    def num(key: str) -> str:
        entry(key)
        return rf"\result{{{key}}}"

    def raw(key: str) -> Any:
        return entry(key)["value"]

    def count(key: str) -> str:
        words = count_words(raw(key))
        return words if words.isalpha() else num(key)

    def place(suffix: str, kind: str, name: str) -> str:
        if (suffix, name) not in places:
            known = sorted(known for suffix_, known in places if suffix_ == suffix)
            near = difflib.get_close_matches(name, known, n=1)
            raise _TemplateError(
                f"it shows the {kind} '{name}', which this study does not make"
                f"{f' (did you mean {near[0]}?)' if near else ''}: mend the name, guard it with has_{kind}, or write a "
                "rule that makes it"
            )
        return places[suffix, name]

    def described(kind: str, name: str) -> dict[str, str]:
        """Return text and pseudocode of an algorithm or a proxy; empty where it has no file."""
        if f"{kind}/{name}.tex" not in environment.list_templates():
            return {"text": "", "code": ""}
        text, _, code = environment.get_template(f"{kind}/{name}.tex").render().partition(_PSEUDOCODE)
        return {"text": text.strip(), "code": code.strip()}

    def parts(kind: str) -> list[str]:
        return sorted(name for name in environment.list_templates() if re.fullmatch(rf"{kind}/[^/]+\.tex", name))

    return {
        "num": num,
        "raw": raw,
        "count": count,
        "how_many": lambda key: count(key) if raw(key) else "none",
        "counted": lambda key, one, many: f"{count(key)} {agree(raw(key), one, many)}",
        "agree": lambda key, one, many: agree(raw(key), one, many),
        "has": lambda key: key in numbers,
        "figure": lambda name: place(".pdf", "figure", name),
        "table": lambda name: place(".tex", "table", name),
        "has_figure": lambda name: (".pdf", name) in places,
        "has_table": lambda name: (".tex", name) in places,
        "described": described,
        "parts": parts,
    }


def _facts(study: dict[str, Any], scored: list[str], numbers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what templates may ask of the study: names, groups, and what decides which words they use."""
    searches, datasets = study["search"]["use"], list(study["datasets"])
    own = [dataset for dataset in datasets if f"noise.{dataset}.seconds" in numbers]
    used = dict.fromkeys(settings["algorithm"] for settings in searches.values())
    most = {name.lower(): value for name, value in vars(detail).items() if name.startswith("MOST_")}
    return most | {
        "study": study,
        "space": get_space(study["space"]),
        "datasets": datasets,
        "searches": searches,
        "titles": search_titles(searches),
        "dataset_title": dataset_title,
        "listed": listed,
        "reported": _reported(numbers),
        "unranked": unranked_words(searches),
        "groups": {label: search_group(settings) for label, settings in searches.items()},
        "algorithms": [get_algorithm(name) for name in used],
        "proxies": [describe(name) for name in scored],
        "published_shown": study["report"]["published"] and bool(set(datasets) & set(NATS_DATASETS)),
        "is_nats": set(datasets) <= set(NATS_DATASETS),
        "own": own,
        "one_seed": [dataset for dataset in own if numbers[f"noise.{dataset}.split_half_spearman"]["value"] is None],
        "extensions": {
            dataset: [label for label in searches if f"extends.{dataset}.{label}.lead" in numbers]
            for dataset in datasets
        },
    }


def _reported(numbers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    r"""Return what templates call the results, from the numbers ``reported.*``: TeX, but for flags.

    ``after`` stands behind a value (``\,\%``), ``brackets`` behind a name (`` (\%)``); both are empty without a unit.
    """
    told = {key.removeprefix("reported."): entry for key, entry in numbers.items() if key.startswith("reported.")}
    texts = {key: entry["value"] if isinstance(entry["value"], bool) else entry["text"] for key, entry in told.items()}
    unit = texts.get("unit", "")
    return texts | {"after": rf"\,{unit}" if unit else "", "brackets": f" ({unit})" if unit else ""}


def unranked_words(searches: dict[str, dict[str, Any]]) -> str:
    """Return how captions call the searches that are not ranked (:func:`tfnas.report.names.contenders`)."""
    rivals = [label for label, settings in searches.items() if search_group(settings) != "reference"]
    return "references" if rivals == contenders(searches) else "references and searches with a limit of cost"


def _check_citations(text: str, bibliography: Path, tables: list[Path]) -> None:
    """Raise a ReportError that names the keys which the bibliography lacks."""
    known = known_keys(bibliography)
    sources = [text, *(path.read_text(encoding="utf-8") for path in tables)]
    cited = {
        key.strip()
        for source in sources
        for keys in re.findall(r"\\cite[tp]?\*?(?:\[[^\]]*\])*\{([^}]*)\}", source)
        for key in keys.split(",")
    }
    if missing := sorted(cited - known):
        raise ReportError(f"The report cites {', '.join(missing)}, which '{bibliography}' lacks: add an entry.")
