"""Small result files of a made-up study, so that the report can be tested without running one."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from equal_time_helpers import write_summary

from tfnas import product_rules, products
from tfnas.analysis.equal_time import GROUPS
from tfnas.analysis.ranks import FEWEST_TO_RANK
from tfnas.files import read_json, write_table
from tfnas.report.numbers import base
from tfnas.report.rounding import printing
from tfnas.report.wording import reported_words
from tfnas.schemas.comparisons import SCHEMA as COMPARISONS
from tfnas.schemas.cost_limits import SCHEMA as LIMITS
from tfnas.schemas.curves import SCHEMA as CURVES
from tfnas.schemas.front_cells import SCHEMA as CELLS
from tfnas.schemas.fronts import SCHEMA as FRONTS
from tfnas.schemas.query_curves import SCHEMA as QUERY_CURVES
from tfnas.schemas.search_costs import SCHEMA as PRICES
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import SPACE, Cell
from tfnas.study.models.file import StudyFile
from tfnas.study.settings import scored_names
from tfnas.study.study import Study
from tfnas.truth.metric import Metric

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

COSTLY: dict[str, dict[str, Any]] = {
    "kept": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10, "constraint": {"flops": {"max": 3}}},
    "traded": {"algorithm": "efficient_search", "proxy": "naswot", "cost": "flops", "target": 2, "evaluations": 60},
    "front": {"algorithm": "nsga2", "proxy": "naswot", "cost": "flops", "evaluations": 200},
}
"""Searches that mind a cost: within a limit, about a target, and with a front."""

COSTLY_MEANS = dict(zip(COSTLY, (90.5, 90.6, 90.7), strict=True))
"""Mean test accuracy of each of them."""

AT_EQUAL_TIME = {"training-free": "naswot-100", "trained": "random-search"}
"""The best search of a group at equal time; of other groups the first one."""

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


REPORTED = reported_words("test_accuracy", {"any": Metric()})
"""What results are called where nothing else is said."""


class StudyBelow(Study):
    """A study whose results lie in a folder of a test."""

    def __init__(self, config: dict[str, Any], project: str, below: str):
        super().__init__(config, project)
        self.folder = below


def made(module: ModuleType, output: Path, **values: Any) -> Path:
    """Make an exhibit or a summary by its module, and return the output.

    Args:
        module: the module that declares it.
        output: path of the PDF, the TeX file or the table.
        values: its inputs and parameters by name; an input that is left out is one that the study does not have.
    """
    spec = module.SPEC
    values = {name: REPORTED for name in ("reported",) if name in spec.params} | values
    unknown = set(values) - {*spec.needs, *spec.params, spec.each}
    assert not unknown, f"{module.__name__} takes no {unknown}"
    inputs = {name: values.pop(name, [] if callable(need) else None) for name, need in spec.needs.items()}
    ending = "table" if isinstance(spec, products.Summary) else output.suffix.removeprefix(".")
    outputs = {ending: output}
    if ending == "table":
        outputs |= {name: output.with_name(file) for name, file in spec.also.items()}
    module.make(SimpleNamespace(**inputs), SimpleNamespace(**values), SimpleNamespace(**outputs))
    return output


def behind(output: Path) -> pd.DataFrame:
    """Return the CSV behind a figure; texts are texts, coordinates numbers, NaN where there are none."""
    table = pd.read_csv(output.with_suffix(".csv"), dtype={"panel": str, "kind": str, "series": str})
    return table.fillna({"series": ""})


def printed(output: Path) -> pd.DataFrame:
    """Return the CSV behind a table, all as text."""
    return pd.read_csv(output.with_suffix(".csv"), dtype=str, keep_default_na=False)


def points(output: Path, kind: str = "point", **where: str) -> list[tuple[float, float]]:
    """Return x and y of what a figure draws of a kind, in the order in which it is drawn.

    Args:
        output: path of the figure.
        kind: ``point``, ``segment`` and so on.
        where: the panel, the series.
    """
    table = behind(output)
    for column, value in {"kind": kind, **where}.items():
        table = table[table[column] == value]
    return list(zip(table["x"], table["y"], strict=True))


def ticks(output: Path, axis: str, panel: str | None = None) -> list[str]:
    """Return the names along the axis x or y of a figure or a panel, in the order of their places."""
    table = behind(output)
    table = table[(table["kind"] == "tick") & table[axis].notna() & (table["panel"] == (panel or table["panel"]))]
    return table.drop_duplicates(axis).sort_values(axis)["series"].tolist()


def check_files(output: Path) -> None:
    """Hold that a figure is a PDF with a PNG and a CSV beside it, and that nothing else was left."""
    assert output.read_bytes().startswith(b"%PDF")
    assert output.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    kinds = {path.suffix for path in output.parent.glob(f"{output.stem}*")}
    assert kinds == {".pdf", ".png", ".csv"}


def make_product(spec: products.Product, study: Study, **wildcards: str) -> None:
    """Make a summary or an exhibit of a study as its job does, from the files that its rule names."""
    files = product_rules.inputs(spec, study).items()
    inputs = {name: paths.format(**wildcards) if isinstance(paths, str) else paths for name, paths in files}
    outputs = {name: study.file(path.format(**wildcards)) for name, path in spec.outputs.items()}
    job = {"params": product_rules.parameters(spec, study), "input": inputs, "output": outputs, "wildcards": wildcards}
    with printing(study.reported["decimals"]):
        products.make(SimpleNamespace(**job))


def numbers_of(study: Study | FakeStudy) -> dict[str, Any]:
    """Write the numbers of a study, topics whose files are not there left out, and return them by key."""
    study = study.study if isinstance(study, FakeStudy) else study
    for spec in study.summary_specs:
        if spec.name in ("truth", "order", "votes") and not Path(study.file(spec.outputs["table"])).exists():
            make_product(spec, study)
    topics, files = {}, {}
    for topic in study.topic_specs:
        inputs = product_rules.inputs(topic, study)
        paths = [path for found in inputs.values() for path in ([found] if isinstance(found, str) else found)]
        if all(Path(path).exists() for path in paths):
            topics[topic.name] = product_rules.parameters(topic, study)
            files |= {f"{topic.name}_{name}".replace("-", "_"): path for name, path in inputs.items()}
    output = Path(study.file("numbers.tex"))
    job = SimpleNamespace(params=SimpleNamespace(topics=topics), input=files, output=SimpleNamespace(tex=output))
    base.make(job)
    return read_json(output.with_suffix(".json"))


def added(module: Any, numbers: base.Numbers, **values: Any) -> None:
    """Add the numbers of one topic; values are its inputs and its parameters by name."""
    inputs = {name: values.pop(name) for name in module.SPEC.needs}
    module.add(numbers, SimpleNamespace(**inputs), SimpleNamespace(**values))


def wildcards_of(spec: products.Product, study: Study) -> list[dict[str, str]]:
    """Return the wildcards of the jobs of an exhibit that the report shows."""
    if not spec.each:
        return [{}]
    shown = getattr(spec, "shown", None)
    everyone = study.datasets if spec.each == "dataset" else study.scored
    return [{spec.each: one} for one in (everyone if shown is None else shown(study))]


def make_everything(study: Study) -> list[str]:
    """Make every summary that is not there yet and every exhibit of a study, and return the exhibits.

    Summaries that other summaries are made of come first: those that are there need no others.
    """
    for spec in study.summary_specs:
        if not Path(study.file(spec.outputs["table"])).exists():
            make_product(spec, study)
    for spec in study.exhibit_specs:
        for wildcards in wildcards_of(spec, study):
            make_product(spec, study, **wildcards)
    return study.exhibits()


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
    write_table(path, pd.DataFrame(rows, columns=list(CURVES.names)))
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
    write_table(path, pd.DataFrame(rows, columns=list(PRICES.names)))
    return path


def write_queries(path, datasets, looking, free=()):
    """Searches that look at accuracies gain a point with each of three looks; the others have 91 without any."""
    rows = [(label, dataset, looks, 30, 90.0 + looks, 1.0, 89.0, 90.0, 91.0 + looks)
            for dataset in datasets for label in looking for looks in (1, 2, 3)]  # fmt: skip
    rows += [(label, dataset, 0, 30, 91.0, 1.0, 90.0, 91.0, 92.0) for dataset in datasets for label in free]
    write_table(path, pd.DataFrame(rows, columns=list(QUERY_CURVES.names)))
    return path


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
        own: dict[str, dict[str, Any]] | None = None,
        ensembles: tuple[str, ...] = (),
        measured: bool = True,
        scorings: int = 1,
    ):
        self.folder = folder
        self.early = early
        self.noise = noise if noise is not None else NOISE if "digits" in datasets else {}
        self.datasets = list(datasets)
        given = {
            "study": "fake",
            "title": "50 % of a_b & c",
            "seed": 2026,
            "skeleton": {"channels": 4, "cells_per_stage": 1},
            "datasets": {dataset: {"truth": {"source": "table"}} for dataset in datasets},
            "scoring": {
                "proxies": list(proxies), "own": own or {}, "ensembles": list(ensembles), "batch_size": 8, "repeats": 1,
                "scorings": scorings, "noise_cells": 64 if measured else 0,
            },
            "search": {
                "runs": 30, "budget_seconds": 12000 if published else 100,
                "use": {label: (SEARCHES | COSTLY)[label] for label in searches},
            },
            "report": {"published": published},
        }  # fmt: skip
        self.config: dict[str, Any] = StudyFile.model_validate(given).model_dump()
        self.searches = self.config["search"]["use"]
        self.names = scored_names(self.config)
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

    @property
    def study(self) -> StudyBelow:
        """What the workflow knows of the study as it is configured now."""
        return StudyBelow(self.config, str(Path(__file__).parents[2]), str(self.folder))

    def complete(self) -> StudyBelow:
        """Write the summaries that take runs, and what else its exhibits read, and return the study."""
        study, summaries = self.study, self.folder / "summaries"
        charged = [label for label in self.searches if label not in study.references]
        free = [label for label, group in study.equal_time_groups.items() if "training-free" in group]
        write_curves(summaries / "curves.csv", self.datasets, charged)
        write_queries(
            summaries / "query-curves.csv", self.datasets, [label for label in charged if label not in free], free
        )
        write_prices(summaries / "search-costs.csv", self.datasets, self.searches)
        self._equal_time(study)
        self._costs(study)
        for dataset in self.datasets:
            maps = np.random.default_rng(1).uniform(0.3, 1, (3, 8, 8))
            (self.folder / "kernels").mkdir(exist_ok=True)
            values = {"kernels": maps, "accuracies": np.array([60.0, 70.0, 80.0]), "scores": np.array([1.0, 2.0, 3.0])}
            np.savez(self.folder / f"kernels/{dataset}.npz", **values)
        return study

    def _equal_time(self, study: Study) -> None:
        """Write which search of each group leads: the training-free one at first, a trained one in the end."""
        of_group: dict[str, str] = {}
        for label, group in study.equal_time_groups.items():
            if AT_EQUAL_TIME.get(group, label) not in self.searches or AT_EQUAL_TIME.get(group, label) == label:
                of_group.setdefault(group, label)
        free, prior, trained, hybrid = GROUPS
        moments = {2.0: {free: 91.0, prior: 90.8, trained: None, hybrid: 90.0}}
        moments[105.0] = {free: 91.0, prior: 90.8, trained: 91.5, hybrid: 91.45}
        moments = {
            at: {group: mean for group, mean in means.items() if group in of_group} for at, means in moments.items()
        }
        moments = {at: means for at, means in moments.items() if any(means.values())}
        ends = {2.0: of_group[free]} if free in of_group else {}
        parts = []
        for dataset in self.datasets if of_group else []:
            path = write_summary(
                self.folder, moments, dataset, ends=ends, of_group=of_group,
                drawn=50.0 if study.random_cell else None,
            )  # fmt: skip
            parts.append(pd.read_csv(path))
        if parts:
            write_table(self.folder / "summaries/equal-time.csv", pd.concat(parts))

    def _costs(self, study: Study) -> None:
        """Write what searches with a limit chose, and fronts of two cells."""
        own = [{"searched_on": dataset, "dataset": dataset} for dataset in self.datasets]
        limits = [
            {column: 1.0 for column in LIMITS.names}
            | row | {"search": label, "cost": "flops", "limit": 3.0, "best": 95.5, "mean": 94.25}
            | {"within": 0.25 if "target" in settings else 1.0}
            for row in own for label, settings in study.limited_searches.items()
        ]  # fmt: skip
        write_table(self.folder / "summaries/cost-limits.csv", pd.DataFrame(limits, columns=list(LIMITS.names)))
        fronts, cells = [], []
        for row in own:
            truth = pd.read_parquet(self.truths[row["dataset"]]).sort_values("flops")
            for label in study.front_searches:
                key = row | {"search": label}
                more = {"cost": "flops", "n": 30, "true_cells": 2, "mean": 0.75, "median_run": 0}
                fronts.append({column: 0.5 for column in FRONTS.names} | key | more)
                for cell in truth.iloc[[0, -1]].itertuples():
                    about = {"arch": cell.arch, "cost": cell.flops, "accuracy": cell.test_accuracy}
                    cells.append(key | {"run": 0} | about)
        write_table(self.folder / "summaries/fronts.csv", pd.DataFrame(fronts, columns=list(FRONTS.names)))
        write_table(self.folder / "summaries/front-cells.parquet", pd.DataFrame(cells, columns=list(CELLS.names)))

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
                "flops": [1.5 + cell.convolution_edges for cell in cells],
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
        strings = np.array(SPACE.strings)
        classes = SPACE.classes
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
        rows, means = [], MEANS | COSTLY_MEANS
        for on in self.datasets:
            for dataset in self.datasets:
                for label in self.searches:
                    mean = means[label]
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
        means = MEANS | COSTLY_MEANS
        for on in self.datasets:
            for dataset in self.datasets:
                key = {"searched_on": on, "dataset": dataset}
                for label in self.searches:
                    row = key | {"search": label, "n": 30, "optimum": 95.0, "mean": 95 - means[label], "std": 0.5}
                    row |= {"median": 94.9 - means[label], "worst": 96 - means[label], "at_optimum": 0.1}
                    regret.append(row | {"ci_low": row["mean"] - 0.2, "ci_high": row["mean"] + 0.2})
                for search, other in combinations(self.searches, 2):
                    gap = means[search] - means[other]
                    row = key | {"search": search, "other": other, "n": 30, "zeros": 3, "difference": gap}
                    row |= {"ci_low": gap - 0.25, "ci_high": gap + 0.25, "std": 0.5, "probability": 0.5 + gap / 30}
                    row |= {"p": 0.01, "p_holm": 1e-5 if abs(gap) > 0.25 else 0.3, "rank_biserial": gap / 20}
                    pairs.append(row | {"scorings": 1, "detectable": 0.26, "runs_needed": 199})
        contenders = [label for label in self.searches if label != "random-cell" and "oracle" not in label]
        order = sorted(contenders, key=means.get, reverse=True)
        for label in contenders:
            for dataset in self.datasets:
                row = {"search": label, "dataset": dataset, "mean": means[label], "rank": order.index(label) + 1.0}
                row |= {"mean_rank": row["rank"], "friedman": 11.2, "friedman_p": 0.0244, "critical_difference": 3.52}
                ranks.append(row)
        folder = self.folder / "summaries"
        write_table(folder / "comparisons.csv", pd.DataFrame(pairs, columns=list(COMPARISONS.names)))
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
