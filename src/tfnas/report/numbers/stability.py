"""How initialisations, mini-batches and twins agree."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.proxy_numbers import looking_at_networks
from tfnas.report.proxy_titles import proxy_title
from tfnas.schemas.noise import SCHEMA as NOISE

SPEC = Topic(needs={"noise": "summaries/noise.csv"}, params=("scored",), when=lambda study: study.measures_noise)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add how initialisations, mini-batches and twins agree, proxy by proxy.

    Of the proxies that look at a network ``stability.{dataset}`` has the median and the one that agrees least.
    """
    table = NOISE.read(inputs.noise)
    table = table[table["proxy"].isin(params.scored)]
    for values in table.itertuples():
        before = f"stability.{values.dataset}.{values.proxy}"
        numbers.add(f"{before}.cells", int(values.cells), "count")
        for kind in ("initialisation", "batch"):
            numbers.add(f"{before}.{kind}", getattr(values, f"{kind}_spearman"), "correlation")
            numbers.add(f"{before}.{kind}_shift", getattr(values, f"{kind}_shift") / 100, "share")
        numbers.add(f"{before}.twins", int(values.twins), "count")
        numbers.add(f"{before}.twin", values.twin_spearman, "correlation")
    for dataset, part in table.groupby("dataset", sort=False):
        before = f"stability.{dataset}"
        numbers.add_all(before, "count", cells=int(part["cells"].max()), twins=int(part["twins"].max()))
        networks = part[part["proxy"].isin(looking_at_networks(part["proxy"]))].set_index("proxy")
        for kind in ("initialisation", "batch"):
            values = networks[f"{kind}_spearman"].dropna()
            if len(values):
                numbers.title(f"{before}.{kind}_least.title", proxy_title(values.idxmin()))
                numbers.add(f"{before}.{kind}_least.spearman", values.min(), "correlation")
                numbers.add(f"{before}.{kind}_median", values.median(), "correlation")
