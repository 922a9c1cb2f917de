"""Anytime curves and prices in the report: figure, numbers, and what they say of made-up curves."""

from __future__ import annotations

import pandas as pd
import pytest
from reporting_helpers import SEARCHES, FakeStudy, behind, check_files, made, numbers_of, write_curves, write_prices

from tfnas.report.exhibits import anytime


@pytest.mark.parametrize("datasets", [("digits",), ("cifar10", "cifar100", "ImageNet16-120")])
@pytest.mark.parametrize("count", [2, 5, 25])
def test_the_figure_is_drawn_for_few_and_many_searches(tmp_path, datasets, count):
    import matplotlib.pyplot as plt

    searches = {label: SEARCHES[label] for label in list(SEARCHES)[:count]}
    searches |= {
        f"naswot-{sample}": {"algorithm": "proxy_search", "proxy": "naswot", "sample": sample}
        for sample in range(200, 200 + count - len(searches))
    }
    labels = [label for label in searches if label != "random-cell"]
    curves = write_curves(tmp_path / "curves.csv", datasets, labels)
    output = made(anytime, tmp_path / "anytime.pdf", curves=curves, searches=searches, datasets=list(datasets))
    check_files(output)
    assert plt.imread(tmp_path / "anytime.png").shape[0] / 200 < 8, "inches: with its caption it fits on a page"
    table, drawn = pd.read_csv(curves), behind(output)
    assert set(drawn["series"]) == set(labels)
    for label in labels:
        part = table[table["search"] == label]
        points = drawn[(drawn["series"] == label) & (drawn["kind"] == "point")]
        assert set(zip(points["x"], points["y"], strict=True)) == set(zip(part["seconds"], part["mean"], strict=True))
        assert points["panel"].nunique() == len(datasets)
        if part["seconds"].nunique() == 1:
            bars = drawn[(drawn["series"] == label) & (drawn["kind"] == "segment")]
            assert set(bars["y"]) == set(part["quartile_low"])
            assert set(bars["y_end"]) == set(part["quartile_high"])
            continue
        band = drawn[(drawn["series"] == label) & (drawn["kind"] == "outline")]
        assert set(band["y"]) == {*part["quartile_low"], *part["quartile_high"]}


def test_the_figure_says_where_no_seconds_are_known(tmp_path):
    curves = write_curves(tmp_path / "curves.csv", [], [])
    output = made(anytime, tmp_path / "anytime.pdf", curves=curves, searches=SEARCHES, datasets=["digits"])
    assert behind(output)["series"].tolist() == ["no seconds known"]


def numbers(tmp_path, datasets=("digits",), curves=True, **prices):
    study = FakeStudy(tmp_path, datasets)
    labels = [label for label in SEARCHES if label not in ("random-cell", "oracle-10")]
    write_curves(tmp_path / "summaries/curves.csv", datasets if curves else (), labels)
    write_prices(tmp_path / "summaries/search-costs.csv", datasets, labels, **prices)
    return {key: entry["value"] for key, entry in numbers_of(study.study).items()}


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
