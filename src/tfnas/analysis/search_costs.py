"""Price the runs by the score table, by this machine and by papers."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from tfnas.analysis.published_rows import published_rates
from tfnas.analysis.run_tables import read_runs
from tfnas.errors import SearchError
from tfnas.files import read_facts, read_json
from tfnas.products import Named, Summary
from tfnas.schemas.search_costs import SCHEMA as PRICES

PRICINGS = ("table", "machine", "paper")

SPEC = Summary(
    category="Searches",
    needs={
        "runs": lambda study: study.run_files(),
        "facts": lambda study: study.run_facts(),
        "rates": lambda study: study.rate_files(),
        "published": lambda study: study.published_files,
    },
    params={"members": "priced", "unpriced": "unpriced", "datasets": "datasets"},
    local=True,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Price the runs of all searches in every way.

    Args:
        inputs: ``runs``: run tables (:mod:`tfnas.schemas.runs`) with facts beside them, in any number of blocks.
            ``rates``: what :func:`tfnas.scoring.machine_seconds.measure_seconds` wrote, for every dataset.
            ``published``: ``report/published.yaml``, if the study shows it.
        params: ``members``: proxies of each name that a search reads: the proxy itself, or the members of the ensemble.
            ``unpriced``: scores that searches read and that nothing here can time, because they were given: their price
            on this machine is not known, nor is what their seconds in the table belong to. ``datasets``: those of the
            study.
        output: ``table``: table to write (.csv) with :data:`PRICES`. Scoring seconds that a pricing does not know, and
            totals with them, are empty.

    Raises:
        SearchError: a run appears twice, or no measurement has a proxy that a search reads.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    published = published_rates(next(iter(inputs.published), None), params.datasets)
    rates: dict[str, dict[str, tuple[float, str, str]]] = {}
    for path in inputs.rates:
        facts = read_json(path)
        for family in facts["families"].values():
            for proxy, seconds in family["seconds"].items():
                rates.setdefault(facts["dataset"], {})[proxy] = (seconds, facts["device"], family["table_device"])
    given = dict.fromkeys(params.unpriced, (math.nan, "", ""))
    scored = _scored(inputs.runs)
    runs = read_runs(inputs.runs)
    runs = runs[runs["searched_on"] == runs["dataset"]]
    rows = []
    for (search, dataset), group in runs.groupby(["search", "searched_on"], sort=False):
        training, wall = group["training_seconds"].mean(), group["wall_seconds"].mean()
        looks, live = scored[search, dataset]
        parts = [(proxy, count) for name, count in looks.items() for proxy in params.members[name]]
        known = rates.get(dataset, {}) | given
        missing = [proxy for proxy, _ in parts if proxy not in known]
        if missing:
            raise SearchError(
                f"No measurement says how long proxy '{missing[0]}', which search '{search}' reads, takes on "
                f"'{dataset}': remove the folder machine-seconds of the study and run again."
            )
        seconds_live = group["scoring_seconds"].mean(skipna=False) if live else 0.0
        here = math.fsum(count * known[proxy][0] for proxy, count in parts) + seconds_live
        paper = math.fsum(count * published.get(proxy, {"value": math.nan})["value"] for proxy, count in parts)
        paper += math.nan if live else 0.0
        for pricing, seconds, machines in (
            ("table", group["scoring_seconds"].mean(skipna=False), [known[proxy][2] for proxy, _ in parts] + [*live]),
            ("machine", here, [known[proxy][1] for proxy, _ in parts] + [*live]),
            ("paper", paper, [published[proxy]["device"] for proxy, _ in parts if proxy in published]),
        ):
            rows.append(
                (
                    search,
                    dataset,
                    pricing,
                    ", ".join(dict.fromkeys(filter(None, machines))),
                    len(group),
                    sum(looks.values()) + sum(live.values()),
                    seconds,
                    training,
                    wall,
                    seconds + training + wall,
                )
            )
    PRICES.write_rows(output.table, rows)


def _scored(paths: Sequence[str | Path]) -> dict[tuple[str, str], tuple[dict[str, float], ...]]:
    """Return, for each search and dataset, the scored cells of a run by proxy, and networks evaluated live by device.

    Both are means over runs.
    """
    totals: dict[tuple[str, str], tuple[Counter, Counter]] = defaultdict(lambda: (Counter(), Counter()))
    runs: Counter[tuple[str, str]] = Counter()
    for path in paths:
        facts = read_facts(path)
        key, (first, last) = (facts["search"], facts["searched_on"]), facts["runs"]
        here = last + 1 - first
        runs[key] += here
        live = facts.get("live") or {}
        totals[key][0].update({name: count * here for name, count in facts["scored_cells"].items()})
        totals[key][1].update({live["device"]: live["networks"] * here} if live else {})
    return {
        key: tuple({name: count / runs[key] for name, count in total.items()} for total in pair)
        for key, pair in totals.items()
    }
