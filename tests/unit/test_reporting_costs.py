"""Anytime curves and prices in the report: figure, numbers, and what they say of made-up curves."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from reporting_helpers import SEARCHES, FakeStudy

from tfnas.analysis.curves import COLUMNS as CURVE_COLUMNS
from tfnas.analysis.prices import COLUMNS as PRICE_COLUMNS
from tfnas.files import write_table
from tfnas.reporting.costs import draw_anytime
from tfnas.reporting.numbers import write_numbers


def write_curves(path, datasets, labels):
    """Training-free searches reach 91 after 5 s, others pass that at 20 s and end at 160 s."""
    rows = []
    for dataset in datasets:
        for number, label in enumerate(labels):
            if "naswot" in label:
                points = [(5.0 + number, 91.0)]
            else:
                points = [(10.0 * 2**step, 90.5 + 0.6 * step) for step in range(5)]
            rows += [(label, dataset, at, 30, mean, 1.0, mean - 0.5, mean, mean + 0.4) for at, mean in points]
    write_table(path, pd.DataFrame(rows, columns=list(CURVE_COLUMNS)))
    return path


def write_prices(path, datasets, labels, paper=np.nan):
    rows = []
    for dataset in datasets:
        for label in labels:
            cells = 10.0 if "naswot" in label or label == "area" else 0.0
            for pricing, machine, rate in (("table", "That", 0.2), ("machine", "This", 0.5), ("paper", "GPU", paper)):
                scoring = cells * rate if cells else 0.0
                machine = machine if cells and np.isfinite(rate) else None
                rows.append((label, dataset, pricing, machine, 30, cells, scoring, 5.0, 0.01, scoring + 5.01))
    write_table(path, pd.DataFrame(rows, columns=list(PRICE_COLUMNS)))
    return path


@pytest.mark.parametrize("datasets", [("digits",), ("cifar10", "cifar100", "ImageNet16-120")])
@pytest.mark.parametrize("count", [2, 5, 25])
def test_the_figure_is_drawn_for_few_and_many_searches(tmp_path, datasets, count):
    searches = {label: SEARCHES[label] for label in list(SEARCHES)[:count]}
    searches |= {
        f"naswot-{sample}": {"algorithm": "proxy_search", "proxy": "naswot", "sample": sample}
        for sample in range(200, 200 + count - len(searches))
    }
    curves = write_curves(tmp_path / "curves.csv", datasets, [label for label in searches if label != "random-cell"])
    draw_anytime(curves, searches, list(datasets), tmp_path / "anytime.pdf")
    import matplotlib.pyplot as plt

    assert (tmp_path / "anytime.pdf").stat().st_size > 5000
    assert plt.imread(tmp_path / "anytime.png").shape[0] / 200 < 8, "inches: with its caption it fits on a page"


def test_the_figure_says_where_no_seconds_are_known(tmp_path):
    curves = write_curves(tmp_path / "curves.csv", [], [])
    draw_anytime(curves, SEARCHES, ["digits"], tmp_path / "anytime.pdf")
    assert (tmp_path / "anytime.pdf").exists()


def numbers(tmp_path, datasets=("digits",), curves=True, **prices):
    study = FakeStudy(tmp_path, datasets)
    labels = [label for label in SEARCHES if label not in ("random-cell", "oracle-10")]
    write_numbers(
        study.config, study.summary, study.correlations, study.truths, study.scores,
        study.paths("batches/{}.json"), study.quality, study.pairs, tmp_path / "numbers.tex",
        curves_path=write_curves(tmp_path / "curves.csv", datasets if curves else (), labels),
        prices_path=write_prices(tmp_path / "prices.csv", datasets, labels, **prices), **study.contests,
    )  # fmt: skip
    return {key: entry["value"] for key, entry in json.loads((tmp_path / "numbers.json").read_text()).items()}


def test_the_moment_at_which_training_pays(tmp_path):
    found = numbers(tmp_path)
    assert found["anytime.digits.passed"] == 20
    assert found["anytime.digits.end"] == 6
    assert found["anytime.digits.other"] == "NASWOT (N = 100)"
    assert found["price.digits.ratio"] == pytest.approx(2.5)
    assert (found["price.table.machine"], found["price.machine.machine"]) == ("That", "This")
    assert (found["price.scored"], found["price.paper"]) == (True, False)


def test_what_is_unknown_is_left_out(tmp_path):
    found = numbers(tmp_path, datasets=("cifar10", "cifar100"), curves=False, paper=0.3)
    assert "anytime.cifar10.passed" not in found
    assert found["price.paper"] is True
    assert found["price.paper.machine"] == "GPU"
