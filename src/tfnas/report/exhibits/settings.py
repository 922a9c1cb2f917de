"""Write every search with its algorithm, where that is described, and its hyper-parameters, defaults included."""

from typing import Any

from tfnas.products import Exhibit, Named
from tfnas.report.names import GROUPS, accuracies_words, by_group, search_titles, tex_title
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import MISSING, escape
from tfnas.report.tables import row, tabular, write_tex
from tfnas.search.constraints import constraint_words
from tfnas.search.registry import get_algorithm

SPEC = Exhibit(kind="table", category="Setup", params=("searches",), prints=("searches", "proxies"))


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write every search with its algorithm, where that is described, and its hyper-parameters, defaults included."""
    titles = search_titles(params.searches)
    body: list[str] = []
    for group, labels in by_group(params.searches).items():
        body += [r"\addlinespace"] if body else []
        body.append(rf"\multicolumn{{3}}{{l}}{{\emph{{{escape(GROUPS[group])}}}}} \\")
        for label in labels:
            algorithm = get_algorithm(params.searches[label]["algorithm"])
            values = algorithm.settings(params.searches[label], label)
            constraint = constraint_words(params.searches[label].get("constraint", {}))
            given = {name: value for name, value in values.items() if value is not None}
            shown = [f"{name.replace('_', ' ')} {_setting(name, value)}" for name, value in given.items()]
            borrowed = params.searches[label].get("accuracies_of")
            shown += [constraint] if constraint else []
            shown += [accuracies_words(borrowed)] if borrowed else []
            cite = rf"~\citep{{{algorithm.reference}}}" if algorithm.reference else ""
            body.append(
                row([tex_title(titles[label]), escape(algorithm.title) + cite, escape(", ".join(shown)) or MISSING])
            )
    write_tex(output.tex, tabular(r"llL{0.42\linewidth}", [row(["Search", "Algorithm", "Settings"])], body))


def _setting(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "proxy":
        return proxy_title(value)
    if name == "proxies":
        return " + ".join(map(proxy_title, value))
    return str(value)
