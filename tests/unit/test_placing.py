"""Where a score stands among those of a space at equal FLOPs, counted by hand."""

import numpy as np
import pandas as pd
import pytest

import tfnas
from tfnas.errors import DataError
from tfnas.scoring.table import COLUMNS
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import SPACE

FLOPS = 10 + np.arange(SPACE.size) / 100
"""10.00, 10.01, ... million, by code."""

SCORES = np.arange(SPACE.size) % 100
"""0 to 99, again and again."""


def rows(name: str, values: np.ndarray) -> pd.DataFrame:
    strings = list(SPACE.strings)
    table = pd.DataFrame({"arch": strings, "proxy": name, "scored_arch": strings, "score": values, "raw": values})
    return table.assign(seconds=0.1, spread=np.nan, repeats=1, reason="")[list(COLUMNS)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    told = {"space": "nats-tss", "dataset": "cifar10", "batch": {"images": 128}}
    table = pd.concat([rows("flops", FLOPS), rows("naswot", SCORES.astype(float))])
    families = {"structure": {}, "naswot": {"images": 128}}
    write_scores(folder / "scores.parquet", table, told | {"families": families})
    truth = pd.DataFrame({"arch": SPACE.strings, "valid_accuracy": 50.0, "test_accuracy": 40 + SCORES / 2})
    truth.to_parquet(folder / "truth.parquet")
    return folder


def scored(flops: float, naswot: float, images: int = 128) -> pd.DataFrame:
    table = pd.DataFrame(
        {"proxy": ["flops", "naswot", "zen"], "score": [flops, naswot, np.nan], "raw": [flops, naswot, np.nan]}
    )
    table.attrs["images"] = [images, 3, 32, 32]
    return table


def test_a_score_stands_among_the_500_of_the_nearest_flops(reference):
    found = tfnas.place(scored(60.0, 49.5), reference / "scores.parquet").set_index("proxy")
    assert found.loc["naswot", "percentile"] == 50
    assert found.loc["naswot", "warning"] == ""
    assert found["accuracy"].isna().all()
    assert np.isnan(found.loc["zen", "percentile"])
    tied = tfnas.place(scored(60.0, 20.0), reference / "scores.parquet").set_index("proxy")
    assert tied.loc["naswot", "percentile"] == 20.5  # 20 scores of 100 lie below, one is equal


def test_accuracies_are_those_of_similar_flops_and_scores(reference):
    found = tfnas.place(scored(60.0, 70.2), reference / "scores.parquet", reference / "truth.parquet", "cifar10")
    line = found.set_index("proxy").loc["naswot"]
    # The 50 nearest of five times 0 .. 99 are 66 to 75: accuracies 73 to 77.5 in steps of a half.
    assert line["accuracy"] == 40 + 70.5 / 2
    assert (line["accuracy_low"], line["accuracy_high"]) == pytest.approx((40 + 66.9 / 2, 40 + 74.1 / 2), abs=0.26)


def test_what_speaks_against_a_comparison_is_said(reference):
    warnings = {
        "above": tfnas.place(scored(60.0, 500.0), reference / "scores.parquet"),
        "outside": tfnas.place(scored(5000.0, 50.0), reference / "scores.parquet"),
        "images": tfnas.place(scored(60.0, 50.0, images=16), reference / "scores.parquet"),
    }
    told = {name: table.set_index("proxy").loc["naswot", "warning"] for name, table in warnings.items()}
    assert told["above"] == "its score lies above those of all similar architectures"
    assert told["outside"] == "its FLOPs lie outside the space (10 to 166.2 million)"
    assert told["images"] == "the scores there are of 128 images, this one of 16"
    lacking = scored(60.0, 50.0).assign(proxy=["flops", "snip", "zen"])
    assert "has no scores of this proxy" in tfnas.place(lacking, reference / "scores.parquet")["warning"][1]
    with pytest.raises(DataError, match="has no FLOPs of the network"):
        tfnas.place(scored(60.0, 50.0).iloc[1:], reference / "scores.parquet")
    with pytest.raises(DataError, match="does not exist: give a score table"):
        tfnas.place(scored(60.0, 50.0), reference / "nothing.parquet")


def test_shipped_tables_are_a_reference(root):
    found = tfnas.place(scored(60.0, 1600.0), root / "data/scores/nats-tss/cifar10")
    assert 0 <= found["percentile"][1] <= 100
