"""Write what every accuracy means, and the recipe of a ground truth trained by this project, from its facts."""

from typing import Any

from tfnas.files import read_facts
from tfnas.products import Exhibit, Named
from tfnas.report.rounding import escape
from tfnas.report.tables import breakable, fact, listing, row, tabular, write_tex
from tfnas.report.titles import dataset_title

SPEC = Exhibit(kind="table", category="Ground truth", params=("reported",), needs={"truths": "truth/{dataset}.parquet"})


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write what every accuracy means, and the recipe of a ground truth trained by this project, from its facts."""
    body: list[str] = []
    for dataset, path in inputs.truths.items():
        body += [r"\addlinespace"] if body else []
        name = escape(dataset_title(dataset))
        facts = read_facts(path)
        if not params.reported["plain"]:
            body.append(row([name, "metric", escape(params.reported["datasets"][dataset])]))
            name = ""
        for column, meaning in fact(facts, "accuracies", path).items():
            body.append(row([name, rf"\texttt{{{escape(column)}}}", escape(meaning)]))
            name = ""
        if facts.get("recipe"):
            recipe = facts["recipe"]
            text = "; ".join(f"{key}: {value}" for key, value in _flat(recipe)) if isinstance(recipe, dict) else recipe
            body.append(row(["", "recipe", breakable(str(text))]))
    write_tex(output.tex, tabular(r"llL{0.56\linewidth}", [row(["Dataset", "Column", "Meaning"])], body))


def _flat(facts: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Return nested facts as (name, text) pairs; short lists are joined, long ones counted, empty values left out."""
    pairs = []
    for key, value in facts.items():
        name = f"{before}{key}".replace("_", " ")
        if isinstance(value, dict):
            pairs += _flat(value, f"{name}: ")
        elif value not in (None, "", []):
            pairs.append((name, listing(value) if isinstance(value, list) else str(value)))
    return pairs
