"""Small result files of a made-up study, so that the report can be tested without running one."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.cells import Cell, all_strings, canonical_classes
from tfnas.comparisons import COMPARISON_COLUMNS, FEWEST_TO_RANK
from tfnas.files import write_table
from tfnas.score_writer import write_scores

SEARCHES: dict[str, dict[str, Any]] = {
    "random-cell": {"algorithm": "random_cell"},
    "naswot-10": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10},
    "naswot-100": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 100},
    "oracle-10": {"algorithm": "oracle", "sample": 10},
    "random-search": {"algorithm": "random_search"},
    "regularised-evolution": {"algorithm": "regularised_evolution", "population": 10, "tournament": 3},
    "area": {"algorithm": "area", "proxy": "naswot", "sample": 20, "population": 10, "tournament": 3},
}

MEANS = dict(zip(SEARCHES, (80.0, 90.0, 91.0, 91.5, 91.2, 91.234, 91.231), strict=True))
"""Mean test accuracy of each search on every dataset."""

NOISE = {
    "recipe": {"optimiser": "SGD", "epochs": 5, "seeds": [1, 2, 3]},
    "seconds": 1234.5,
    "seconds_meaning": "processor seconds of one network and one training seed, mean over training seeds",
    "seed_to_seed_spearman": 0.541,
    "split_half_spearman": 0.872,
    "reliability": 0.9316,
    "noise_top_100": 0.41,
    "noise_of_mean_top_100": 0.2367,
}
"""Facts of a ground truth trained by this project."""

ONE_SEED = NOISE | dict.fromkeys(
    ("seed_to_seed_spearman", "split_half_spearman", "reliability", "noise_top_100", "noise_of_mean_top_100"),
    float("nan"),
)
"""The same with a single training seed: nothing is known of the noise."""


class FakeStudy:
    """Result files under a folder, and where they lie."""

    def __init__(
        self,
        folder: Path,
        datasets: tuple[str, ...],
        published: bool = False,
        cells: int = 400,
        searches: tuple[str, ...] = tuple(SEARCHES),
        early: bool = True,
        noise: dict[str, Any] | None = None,
        proxies: tuple[str, ...] = ("naswot",),
        ensembles: tuple[str, ...] = (),
        measured: bool = True,
        scorings: int = 1,
    ):
        self.folder = folder
        self.early = early
        self.noise = noise if noise is not None else NOISE if "digits" in datasets else {}
        self.searches = {label: SEARCHES[label] for label in searches}
        self.datasets = list(datasets)
        self.config: dict[str, Any] = {
            "study": "fake",
            "title": "50 % of a_b & c",
            "seed": 2026,
            "skeleton": {"channels": 4, "cells_per_stage": 1},
            "datasets": {dataset: {} for dataset in datasets},
            "scoring": {
                "proxies": list(proxies), "ensembles": list(ensembles), "batch_size": 8, "repeats": 1,
                "share_classes": True, "scorings": scorings, "scores": "computed",
                "shipped": None, "tables": {}, "own": {},
            },
            "search": {"runs": 30, "budget_seconds": 100, "use": self.searches},
            "report": {"published": published},
        }  # fmt: skip
        self.names = [*proxies, *ensembles]
        rng = np.random.default_rng(0)
        codes = np.sort(rng.choice(15625, cells, replace=False))
        for dataset in datasets:
            self._truth(dataset, codes, rng)
            self._scores(dataset, rng)
            self._batch(dataset, rng)
        self._summary()
        self._contests()
        self._correlations()
        self._proxy_summaries(measured)
        (folder / "provenance.json").write_text(
            json.dumps({"commit": "abc_1", "versions": {"numpy": "2", "torch": None}})
        )

    def paths(self, pattern: str) -> dict[str, Path]:
        """Return ``{dataset: path}`` for a pattern with ``{}`` for the dataset."""
        return {dataset: self.folder / pattern.format(dataset) for dataset in self.datasets}

    @property
    def truths(self) -> dict[str, Path]:
        return self.paths("truth/{}.parquet")

    @property
    def scores(self) -> dict[str, Path]:
        return self.paths("scores/{}.parquet")

    @property
    def batches(self) -> dict[str, Path]:
        return self.paths("batches/{}.npz")

    @property
    def summary(self) -> Path:
        return self.folder / "summaries/search.csv"

    @property
    def correlations(self) -> Path:
        return self.folder / "summaries/correlations.csv"

    def _truth(self, dataset: str, codes: np.ndarray, rng: np.random.Generator) -> None:
        cells = [Cell.from_code(int(code)) for code in codes]
        valid = 60 + 4 * np.array([cell.convolution_edges for cell in cells]) + rng.normal(0, 2, len(cells))
        table = pd.DataFrame(
            {
                "arch": [str(cell) for cell in cells],
                "index": pd.array([pd.NA] * len(cells), dtype="Int64"),
                "valid_accuracy": valid,
                "test_accuracy": valid + rng.normal(0, 0.5, len(cells)),
                "early_valid_accuracy": valid - 10 + rng.normal(0, 2, len(cells)),
                "early_seconds": rng.uniform(5, 20, len(cells)),
                "valid_seconds": 1.0,
                "params": [1000 + 100 * cell.convolution_edges for cell in cells],
                "flops": 1.5,
            }
        )
        if not self.early:
            table[["early_valid_accuracy", "early_seconds", "valid_seconds"]] = np.nan
        facts = {
            "dataset": dataset,
            "source": "table",
            "cells": len(cells),
            "accuracies": {"valid_accuracy": "half of the images, 5 epochs", "test_accuracy": "the other_half & all"},
        }
        write_table(self.folder / f"truth/{dataset}.parquet", table, facts | self.noise)

    def _scores(self, dataset: str, rng: np.random.Generator) -> None:
        strings = np.array(all_strings())
        classes = canonical_classes()
        score = np.array([Cell.parse(text).convolution_edges for text in strings]) + rng.normal(0, 1, len(strings))
        score = score[classes]
        score[classes == 0] = np.nan
        table = pd.DataFrame({"arch": strings, "score": score, "raw": score, "spread": np.nan})
        table["repeats"], table["seconds"], table["scored_arch"] = 1, 0.2, strings[classes]
        table["reason"] = np.where(np.isnan(score), "singular", "")
        table = pd.concat([table.assign(proxy=name) for name in self.names], ignore_index=True)
        facts = {
            "dataset": dataset,
            "families": {"naswot": {"device": "Some CPU", "repeats": 3, "images": 4, "positions": list(range(50))}},
        }
        write_scores(self.folder / f"scores/{dataset}.parquet", table, facts)

    def _batch(self, dataset: str, rng: np.random.Generator) -> None:
        channels, size = (1, 8) if dataset == "digits" else (3, 32)
        pixels = rng.integers(0, 256, (8, channels, size, size), dtype=np.uint8)
        path = self.folder / f"batches/{dataset}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, images=pixels.astype(np.float32), pixels=pixels, labels=np.arange(8), positions=np.arange(8))
        path.with_suffix(".json").write_text(
            json.dumps({"dataset": dataset, "classes": 10, "images": 8, "shape": pixels.shape[1:]})
        )

    def _summary(self) -> None:
        rows = []
        for on in self.datasets:
            for dataset in self.datasets:
                for label in self.searches:
                    mean = MEANS[label]
                    trains = label in ("random-search", "regularised-evolution", "area")
                    costs = {
                        "cells": 10.0,
                        "duplicates": 0.25 if trains else 0.0,
                        "scoring_seconds": 2.0 if "naswot" in label or label == "area" else 0.0,
                        "training_seconds": 105.0 if trains else 0.0,
                        "wall_seconds": 0.04 if label == "area" else 0.01,
                    }
                    for metric, value in (
                        ("valid_accuracy", mean - 1),
                        ("test_accuracy", mean - (on != dataset) * (7 if trains else 1)),
                    ):
                        row = {"search": label, "searched_on": on, "dataset": dataset, "metric": metric, "n": 30}
                        row |= {
                            "mean": value,
                            "std": 0.5,
                            "median": value,
                            "ci_low": value - 0.2,
                            "ci_high": value + 0.2,
                        }
                        read = self.config["scoring"]["scorings"] if costs["scoring_seconds"] else 1
                        row |= {"scorings": read, "std_scorings": 0.123 if read > 1 else np.nan}
                        rows.append(row | costs)
        write_table(self.summary, pd.DataFrame(rows))

    @property
    def contests(self) -> dict[str, Path | None]:
        """The summaries of searches against each other, as write_numbers takes them."""
        names = {"search_pairs_path": "comparisons", "regret_path": "regret", "ranks_path": "ranks"}
        paths = {name: self.folder / f"summaries/{stem}.csv" for name, stem in names.items()}
        return {name: path if path.exists() else None for name, path in paths.items()}

    def _contests(self) -> None:
        """Write summaries in which two searches are told apart when their means differ by more than 0.25."""
        pairs, regret, ranks = [], [], []
        for on in self.datasets:
            for dataset in self.datasets:
                key = {"searched_on": on, "dataset": dataset}
                for label in self.searches:
                    row = key | {"search": label, "n": 30, "optimum": 95.0, "mean": 95 - MEANS[label], "std": 0.5}
                    row |= {"median": 94.9 - MEANS[label], "worst": 96 - MEANS[label], "at_optimum": 0.1}
                    regret.append(row | {"ci_low": row["mean"] - 0.2, "ci_high": row["mean"] + 0.2})
                for search, other in combinations(self.searches, 2):
                    gap = MEANS[search] - MEANS[other]
                    row = key | {"search": search, "other": other, "n": 30, "zeros": 3, "difference": gap}
                    row |= {"ci_low": gap - 0.25, "ci_high": gap + 0.25, "std": 0.5, "probability": 0.5 + gap / 30}
                    row |= {"p": 0.01, "p_holm": 1e-5 if abs(gap) > 0.25 else 0.3, "rank_biserial": gap / 20}
                    pairs.append(row | {"detectable": 0.26, "runs_needed": 199})
        contenders = [label for label in self.searches if label != "random-cell" and "oracle" not in label]
        order = sorted(contenders, key=MEANS.get, reverse=True)
        for label in contenders:
            for dataset in self.datasets:
                row = {"search": label, "dataset": dataset, "mean": MEANS[label], "rank": order.index(label) + 1.0}
                row |= {"mean_rank": row["rank"], "friedman": 11.2, "friedman_p": 0.0244, "critical_difference": 3.52}
                ranks.append(row)
        folder = self.folder / "summaries"
        write_table(folder / "comparisons.csv", pd.DataFrame(pairs, columns=list(COMPARISON_COLUMNS)))
        write_table(folder / "regret.csv", pd.DataFrame(regret))
        if len(self.datasets) > 1 and len(contenders) >= FEWEST_TO_RANK:
            write_table(folder / "ranks.csv", pd.DataFrame(ranks))

    @property
    def quality(self) -> Path:
        return self.folder / "summaries/proxies.csv"

    @property
    def pairs(self) -> Path:
        return self.folder / "summaries/proxy-pairs.csv"

    @property
    def measured_noise(self) -> Path | None:
        path = self.folder / "summaries/noise.csv"
        return path if path.exists() else None

    def strength(self, place: int, dataset: str) -> float:
        """Spearman's coefficient of the proxy at a place: 0.7934 for the first, less for each further one."""
        return 0.7934 - 0.03 * place - 0.002 * self.datasets.index(dataset)

    def _correlations(self) -> None:
        rows = []
        for dataset in self.datasets:
            for place, proxy in enumerate(self.names):
                for accuracy in ("valid_accuracy", "test_accuracy"):
                    for cells, count in (("all", 400), ("pruned", 350), ("distinct", 300)):
                        row = {"dataset": dataset, "proxy": proxy, "accuracy": accuracy, "cells": cells}
                        row |= {"n": count, "nan": 2} | _with_interval("spearman", self.strength(place, dataset), 0.01)
                        row |= _with_interval("kendall", 0.61 - 0.02 * place, 0.01)
                        rows.append(row | {"ndcg": 0.7 - 0.03 * place, "seconds": 0.2})
        write_table(self.correlations, pd.DataFrame(rows))

    def _proxy_summaries(self, measured: bool) -> None:
        quality, pairs, noise = [], [], []
        ensembles = self.config["scoring"]["ensembles"]
        for dataset in self.datasets:
            for place, proxy in enumerate(self.names):
                key = {"dataset": dataset, "proxy": proxy}
                row = key | {"n": 400, "top_n": 40, "top_kendall": 0.2}
                row |= {"first_cells": 1, "first_arch": "a", "first_accuracy": 90.0 - place, "first_better": 0.25}
                row |= _with_interval("top_spearman", 0.31 - 0.02 * place, 0.1)
                partial = np.nan if proxy in ("params", "flops") else 0.4 - 0.03 * place
                quality.append(row | _with_interval("partial_spearman", partial, 0.02))
                pairs += [
                    key | {"other": other, "spearman": np.cos(0.3 * (place - number))}
                    for number, other in enumerate(self.names)
                ]
                if proxy not in ensembles:
                    row = key | {"cells": 64, "initialisation_spearman": 0.98 - 0.01 * place}
                    row |= {"initialisation_shift": 2.5, "batch_spearman": 0.9, "batch_shift": 4.0}
                    noise.append(row | {"twins": 12, "twin_spearman": 0.95})
        write_table(self.quality, pd.DataFrame(quality))
        write_table(self.pairs, pd.DataFrame(pairs))
        if measured:
            write_table(self.folder / "summaries/noise.csv", pd.DataFrame(noise))


def _with_interval(name: str, value: float, half: float) -> dict[str, float]:
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}
