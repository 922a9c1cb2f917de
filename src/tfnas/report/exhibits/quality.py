"""Write how good and how stable every score is, in blocks by dataset."""

import pandas as pd

from tfnas.products import Exhibit, Named
from tfnas.report.proxy_tables import by_name, read_by_name
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import MISSING, escape, show
from tfnas.report.tables import long_tables, row, with_interval, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.noise import SCHEMA as NOISE
from tfnas.schemas.proxies import SCHEMA as PROXIES

SPEC = Exhibit(
    kind="table",
    category="Proxies",
    params=("scored", "datasets"),
    needs={
        "quality": "summaries/proxies.csv",
        "correlations": "summaries/correlations.csv",
        "noise": "summaries/noise.csv",
    },
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write how good and how stable every score is, in blocks by dataset.

    Correlation with test accuracy in the best tenth of cells, partial correlation given parameters and FLOPs, cells
    without a score; with ``noise_path`` also how two initialisations, two mini-batches and twins agree, with the mean
    shift of ranks (percent of the cells) or the number of pairs in brackets. Ensembles have no noise of their own.

    Raises:
        ReportError: a summary lacks a proxy on a dataset.
    """
    quality = by_name(PROXIES.read(inputs.quality), inputs.quality, params.scored, params.datasets)
    correlations = read_by_name(inputs.correlations, params.scored, params.datasets)
    noise = None if inputs.noise is None else NOISE.read(inputs.noise).set_index(["dataset", "proxy"])
    twins = noise is not None and bool((noise["twins"] > 0).any())
    blocks: dict[str, list[str]] = {}
    for dataset in params.datasets:
        body = blocks.setdefault(dataset_title(dataset), [])
        for name in params.scored:
            key = (dataset, name)
            values = quality.loc[key]
            cells = [
                with_interval(*(values[f"{kind}_spearman{end}"] for end in ("", "_low", "_high")))
                for kind in ("top", "partial")
            ]
            cells.append(show(int(correlations.loc[key, "nan"]), "count"))
            if noise is not None:
                cells += _stability(noise.loc[key], twins) if key in noise.index else [MISSING] * (2 + twins)
            body.append(row([escape(proxy_title(name)), *cells]))
    names_of_columns = ["Proxy", r"Best tenth [95\,\%]", r"Partial [95\,\%]", "NaN"]
    if noise is not None:
        names_of_columns += ["Initialisations", "Mini-batches", *(["Twins"] if twins else [])]
    columns = r"L{0.19\linewidth}*{2}{w{l}{0.19\linewidth}}w{r}{0.045\linewidth}"
    columns += r"w{r}{0.088\linewidth}" * (len(names_of_columns) - 4)
    write_tex(output.tex, long_tables(columns, [row(names_of_columns)], blocks))


def _stability(values: pd.Series, twins: bool) -> list[str]:
    """Return the agreement of initialisations and mini-batches, with the shift of ranks, and of twins."""
    cells = []
    for kind in ("initialisation", "batch"):
        shift = show(values[f"{kind}_shift"] / 100, "share")
        cells.append(f"{show(values[f'{kind}_spearman'], 'correlation')} ({shift})")
    if twins:
        count = int(values["twins"])
        cells.append(f"{show(values['twin_spearman'], 'correlation')} ({show(count, 'count')})" if count else MISSING)
    return cells
