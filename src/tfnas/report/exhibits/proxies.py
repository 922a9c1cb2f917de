"""Write what every proxy is: title, source, what it needs, which raw value is better, seconds per cell."""

from typing import Any

from tfnas.products import Exhibit, Named
from tfnas.proxies.registry import describe, ensembles
from tfnas.report.proxy_tables import read_by_name
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import escape, show
from tfnas.report.tables import block_heading, long_table, row, write_tex
from tfnas.report.titles import dataset_title

SPEC = Exhibit(
    kind="table",
    category="Proxies",
    needs={"correlations": "summaries/correlations.csv"},
    params=("scored", "datasets"),
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write what every proxy is: title, source, what it needs, which raw value is better, seconds per cell.

    Raises:
        ReportError: the summary lacks a proxy on a dataset.
    """
    entries = read_by_name(inputs.correlations, params.scored, params.datasets)
    count = len(params.datasets)
    first = next((name for name in params.scored if name in ensembles()), None)
    body: list[str] = []
    for name in params.scored:
        proxy = describe(name)
        body += [r"\addlinespace", block_heading("Ensembles", 3 + count)] if name == first else []
        seconds = [show(entries.loc[(dataset, name), "seconds"], "seconds") for dataset in params.datasets]
        cite = rf"~\citep{{{proxy.reference[0]}}}" if proxy.reference[0] else ""
        arrow = r"$\uparrow$" if proxy.direction > 0 else r"$\downarrow$"
        body.append(row([escape(proxy.title) + cite, escape(_needs(proxy)), arrow, *seconds]))
    head = [row(["Proxy", "Needs", "Better", "s/cell"])]
    if count > 1:
        titles = [escape(dataset_title(dataset)) for dataset in params.datasets]
        head = [
            row(["", "", "", rf"\multicolumn{{{count}}}{{c}}{{Seconds per cell}}"]),
            rf"\cmidrule(lr){{4-{3 + count}}}",
            row(["Proxy", "Needs", "Better", *titles]),
        ]
    widths = {1: 0.44, 2: 0.38, 3: 0.27}.get(count, 0.2)
    columns = rf"L{{0.27\linewidth}}L{{{widths}\linewidth}}c" + "r" * count
    write_tex(output.tex, long_table(columns, head, body))


def _needs(proxy: Any) -> str:
    """Return what a proxy needs, or of which proxies an ensemble is made."""
    if hasattr(proxy, "members"):
        return f"{proxy.rule.replace('_', ' ')} of {', '.join(proxy_title(member) for member in proxy.members)}"
    return ", ".join(proxy.needs)
