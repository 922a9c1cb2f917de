"""Write our correlations beside the published ones, with the difference; large differences are bold."""

import math
from typing import Any

from tfnas.analysis.published_rows import compare, quoted_correlations
from tfnas.products import Exhibit, Named
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.published import COEFFICIENTS, origin
from tfnas.report.rounding import MISSING, bold, escape, show
from tfnas.report.tables import long_table, row, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS

SPEC = Exhibit(
    kind="table",
    category="Proxies",
    needs={"correlations": "summaries/correlations.csv", "published": lambda study: study.published_files},
    params=("scored", "datasets"),
    when=lambda study: study.quotes_correlations,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write our correlations beside the published ones, with the difference; large differences are bold.

    Every published row has a heading (accuracy, cells, source, how it was found) and a line per coefficient.
    """
    published_path = inputs.published[0]
    table = CORRELATIONS.read(inputs.correlations)
    quoted = quoted_correlations(published_path, params.scored, params.datasets)
    shown = [dataset for dataset in params.datasets if any(dataset in line["values"] for line in quoted)]
    width = 1 + 3 * len(shown)
    # Columns of fixed width, so that the headings, which span them all, stretch none of them.
    number = rf"w{{r}}{{{0.62 / (3 * len(shown)):.3f}\linewidth}}"
    body: list[str] = []
    for line in quoted:
        found = {(entry.coefficient, entry.dataset): entry for entry in compare(line, table, shown)}
        if not found:
            continue
        body += [r"\addlinespace"] if body else []
        body.append(rf"\multicolumn{{{width}}}{{L{{0.78\linewidth}}}}{{{_published_heading(line)}}} \\*")
        for coefficient in COEFFICIENTS:
            cells = [cell for dataset in shown for cell in _difference(found.get((coefficient, dataset)))]
            if any(key[0] == coefficient for key in found):
                body.append(row([rf"\quad${COEFFICIENTS[coefficient]}$", *cells]))
    titles = [rf"\multicolumn{{3}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in shown]
    head = [
        row(["", *titles]),
        "".join(rf"\cmidrule(lr){{{2 + 3 * place}-{4 + 3 * place}}}" for place in range(len(shown))),
        row(["", *["ours", "theirs", "difference"] * len(shown)]),
    ]
    write_tex(output.tex, long_table(r"w{l}{0.12\linewidth}" + 3 * len(shown) * number, head, body))


def _published_heading(line: dict[str, Any]) -> str:
    count = f"{show(line['n'], 'count')} " if "n" in line else ""
    cells = f"all {count}cells" if line["cells"] == "all" else f"{count}{escape(line['cells'])} cells"
    note = f": {escape(line['note'])}" if line.get("note") else ""
    what = f"{line['accuracy']} accuracy, {cells}, {origin(line)}"
    return rf"{escape(proxy_title(line['proxy']))}, {what}~\citep{{{line['cite']}}}{note}"


def _difference(entry: Any) -> list[str]:
    if entry is None:
        return [MISSING] * 3
    difference = show(round(entry.difference, 3), "correlation")
    if not entry.alike and math.isfinite(entry.difference):
        difference = bold(difference)
    return [show(entry.ours, "correlation"), rf"\quoted{{{show(entry.theirs, 'correlation')}}}", difference]
