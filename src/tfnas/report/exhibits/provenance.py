r"""Write what made the results, in as few rows as their facts allow.

Facts are nested. A row is one fact at the top, or all the short facts below it together, so that a dozen versions take
one row and not a dozen. Families of proxies are told by what they have in common: the settings that all share, then a
row for each distinct set of the others with the families it holds for, and in brackets behind each family what was
measured (:data:`MEASURED`).
"""

from typing import Any

from tfnas.files import read_facts, read_json
from tfnas.products import Exhibit, Named
from tfnas.report.rounding import escape
from tfnas.report.tables import RULE, breakable, fact, family_facts, listing, row, write_tex
from tfnas.report.titles import dataset_title

LONGEST_FACT = 45
"""Nested facts of more characters have a row of their own."""

MEASURED = ("cells_scored", "wall_seconds")
"""Facts of a family that are no settings."""

SPEC = Exhibit(
    kind="table", category="Setup", needs={"provenance": "provenance.json", "scores": "scores/{dataset}.parquet"}
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write what made the results: commit, versions, machine, and the facts beside every score table.

    Raises:
        ReportError: the facts of a score table name no device.
    """
    body = _rows(told(read_json(inputs.provenance)))
    for dataset, path in inputs.scores.items():
        facts = read_facts(path)
        for part in family_facts(facts):
            fact(part, "device", path)
        families = facts.pop("families", {})
        body += [RULE, rf"\multicolumn{{2}}{{@{{}}l}}{{\emph{{Scores of {escape(dataset_title(dataset))}}}}} \\"]
        body += _rows(told({name: value for name, value in facts.items() if name != "dataset"}))
        body += _rows(told_of_families(families))
    top = [r"{\setlength{\LTpre}{0pt}%", r"\begin{longtable}{@{}L{0.19\linewidth}L{0.77\linewidth}@{}}", r"\toprule"]
    write_tex(output.tex, "\n".join([*top, *body, r"\bottomrule", r"\end{longtable}", "}"]) + "\n")


def told(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return facts as rows ``(name, text)``: short ones below the same name together, long ones by themselves.

    Example:
        >>> told({"commit": "abc", "versions": {"numpy": "2", "torch": None, "scipy": "1"}})
        [('commit', 'abc'), ('versions', 'numpy 2; scipy 1')]
    """
    rows = []
    for key, value in facts.items():
        name = _name(key)
        if not isinstance(value, dict):
            rows.append((name, _words(value)))
            continue
        long = {part: below for part, below in value.items() if len(_words(below)) > LONGEST_FACT}
        rows.append((name, _words({part: below for part, below in value.items() if part not in long})))
        rows += [(f"{name}: {_name(part)}", _words(below)) for part, below in long.items()]
    return [(name, text) for name, text in rows if text]


def told_of_families(families: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Return how families of proxies were scored as rows ``(name, text)``, see the module.

    Args:
        families: facts of each family.

    Example:
        >>> told_of_families({"a": {"repeats": 1, "device": "cpu"}, "b": {"repeats": 3, "device": "cpu"}})
        [('every family', 'device cpu'), ('families', 'repeats 1: a'), ('families', 'repeats 3: b')]
    """
    settings = {
        family: {key: _words(value) for key, value in facts.items() if key not in MEASURED}
        for family, facts in families.items()
    }
    first = next(iter(settings.values()), {})
    shared = {key: text for key, text in first.items() if all(other.get(key) == text for other in settings.values())}
    groups: dict[str, list[str]] = {}
    for family, facts in families.items():
        own = {key: text for key, text in settings[family].items() if key not in shared}
        measured = _words({key: facts[key] for key in MEASURED if key in facts})
        entry = f"{_name(family)} ({measured})" if measured else _name(family)
        groups.setdefault(_words(own), []).append(entry)
    rows = [("every family", _words(shared))] if shared else []
    return rows + [
        ("families", f"{own}: {', '.join(entries)}" if own else ", ".join(entries)) for own, entries in groups.items()
    ]


def _name(key: str) -> str:
    return key.replace("_", " ")


def _words(value: Any) -> str:
    """Return a fact as text: short lists joined, long ones counted, nested facts in brackets, empty ones left out."""
    if isinstance(value, dict):
        texts = {key: _words(below) for key, below in value.items()}
        parts = {key: f"({text})" if isinstance(value[key], dict) else text for key, text in texts.items() if text}
        return "; ".join(f"{_name(key)} {text}" for key, text in parts.items())
    if isinstance(value, list):
        return listing(value)
    if isinstance(value, float):
        return f"{value:.7g}"
    return "" if value is None else str(value)


def _rows(pairs: list[tuple[str, str]]) -> list[str]:
    return [row([escape(name), breakable(text)]) for name, text in pairs]
