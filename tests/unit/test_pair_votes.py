"""The published vote on pairs of cells, counted by hand, and on real scores beside what was printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tfnas.analysis.pair_votes import pair_agreement
from tfnas.scoring.ensembles import majority_vote
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.table import ScoreTable
from tfnas.spaces.nats_tss import SPACE


def test_pairs_counted_by_hand():
    accuracies = np.array([1.0, 2.0, 3.0, 3.0])
    scores = np.array([[1, 2, 3, 0], [1, 2, 0, 0], [5, 2, 3, 9]])
    # (0, 1): two of three right. (0, 2): right, wrong, wrong. (0, 3): wrong, wrong, right. (1, 2): right, wrong, right.
    # (1, 3): wrong, wrong, right. (2, 3): equal accuracies, left out.
    found = pair_agreement(scores, accuracies)
    assert found == (2 / 5, 5, 0)


def test_a_pair_that_ties_leave_open_counts_half_in_either_order():
    scores = np.array([[1, 1], [1, 2], [1, 0]])
    for accuracies in ([1.0, 2.0], [2.0, 1.0]):
        assert pair_agreement(scores, np.array(accuracies)) == (0.5, 1, 1.0)


def test_the_share_does_not_depend_on_the_order_of_rows_and_mirrors_with_the_scores(monkeypatch):
    rng = np.random.default_rng(0)
    scores, accuracies = rng.integers(9, size=(3, 120)), rng.integers(20, size=120).astype(float)
    whole = pair_agreement(scores, accuracies)
    order = rng.permutation(120)
    monkeypatch.setattr("tfnas.analysis.pair_votes.CHUNK", 7)
    again = pair_agreement(scores[:, order], accuracies[order])
    assert again == pytest.approx(whole)
    assert pair_agreement(-scores, accuracies).share == pytest.approx(1 - whole.share)
    points = 0.0
    kept = [(one, other) for one in range(120) for other in range(120) if accuracies[one] > accuracies[other]]
    for one, other in kept:
        larger, smaller = (scores[:, one] > scores[:, other]).sum(), (scores[:, one] < scores[:, other]).sum()
        points += 1.0 if larger >= 2 else 0.0 if smaller >= 2 else 0.5
    assert whole.share == pytest.approx(points / len(kept))
    assert whole.pairs == len(kept)


def test_one_score_without_ties_agrees_as_kendalls_tau_says():
    from scipy.stats import kendalltau

    rng = np.random.default_rng(1)
    score = rng.permutation(200).astype(float)
    accuracies = score + rng.normal(0, 60, 200)
    share = pair_agreement(score[None], accuracies).share
    assert 2 * share - 1 == pytest.approx(kendalltau(score, accuracies).statistic)


def test_an_even_number_of_scores_has_no_majority_and_equal_accuracies_no_pair():
    with pytest.raises(ValueError, match="odd number of members, not 2"):
        pair_agreement(np.zeros((2, 3)), np.arange(3.0))
    found = pair_agreement(np.zeros((1, 3)), np.ones(3))
    assert np.isnan(found.share)
    assert found.pairs == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dataset", "published", "rho"),
    [("cifar10", 0.8171, 0.860), ("cifar100", 0.8324, 0.856), ("ImageNet16-120", 0.8131, 0.818)],
)
def test_the_vote_of_the_shipped_scores_is_near_the_published_share(
    shipped_scores, shared_data, dataset, published, rho
):
    """Other weights and images than theirs; the order by wins is another quantity, which has another value."""
    table = ScoreTable.read(shipped_scores(dataset))
    truth = pd.read_parquet(shared_data / f"nats-tss/{dataset}.parquet")
    codes = truth["arch"].map(SPACE.parse).to_numpy()
    members = ("synflow", "jacob_cov", "snip")
    scores = np.stack([lowest_where_missing(table.scores(member))[codes] for member in members])
    test = truth["test_accuracy_200"].to_numpy()
    found = pair_agreement(scores, test)
    assert found.share == pytest.approx(published, abs=0.02)
    assert found.undecided < 0.01
    assert pd.Series(majority_vote(scores)).corr(pd.Series(test), method="spearman") == pytest.approx(rho, abs=0.001)
