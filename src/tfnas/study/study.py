"""What a study consists of: its datasets, families, chunks and blocks, and the files they become.

Everything that decides *which jobs exist* lives here, where it can be tested; the rules only ask. No torch is imported.
"""

import importlib.util
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tfnas.datasets.official_files import read_sources
from tfnas.datasets.registry import dataset_names, get_dataset
from tfnas.datasets.sources import dataset_shape, split_files
from tfnas.files import facts_path
from tfnas.product_rules import exhibits, inputs, summaries, topics
from tfnas.proxies.registry import ensembles, family_of, get_family, get_proxy
from tfnas.report.names import contenders, equal_time_groups, reads_prior, search_group
from tfnas.scoring.plan import count_to_score
from tfnas.scoring.shipped_paths import shipped_tables
from tfnas.search.constraints import limits_of_search
from tfnas.search.registry import accuracies_of, get_algorithm
from tfnas.seeds import child_seed
from tfnas.spaces.base import Space
from tfnas.spaces.nats_tss import SPACE
from tfnas.spaces.registry import get_space
from tfnas.study.settings import batch_size_of, budget_of, devices_of, proxies_of, scored_names

NOTHING = r"[^\s\S]"
"""A pattern that no text matches: the constraint of a wildcard without values."""


ARCHIVE = "NATS-tss"
"""Name of the official archive in the table of downloads."""

LIVE_RUNS = 10
"""Runs of one job of a search that evaluates networks live, each of which takes seconds to minutes."""

REPORT = "report"
"""Folder of the report's templates, bibliography and published results, in the folder of the workflow."""


def blocks(total: int, size: int) -> list[tuple[int, int]]:
    """Cut 0 .. total-1 into blocks (first, last), both included, of at most ``size``, aligned to multiples of ``size``.

    Example:
        >>> blocks(5, 2)
        [(0, 1), (2, 3), (4, 4)]
    """
    return [(first, min(first + size, total) - 1) for first in range(0, total, size)]


def one_of(names: Any) -> str:
    """Return the pattern that matches exactly the given names."""
    return "|".join(re.escape(str(name)) for name in names) or NOTHING


def download_mark(resource: str) -> str:
    """The file that says that a dataset or an archive was downloaded and found right."""
    return f"resources/{resource}/downloaded.json"


@dataclass(frozen=True)
class Study:
    """A study whose file has been checked.

    Args:
        config: what :func:`tfnas.study.load.load_study` returned.
        project: folder of the workflow; empty where that is the working folder.
    """

    config: dict[str, Any]
    project: str = ""

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.config["study"]

    @property
    def seed(self) -> int:
        """The master seed."""
        return self.config["seed"]

    @property
    def space(self) -> Space:
        """The search space."""
        return get_space(self.config["space"])

    @property
    def space_source(self) -> dict[str, list[str]]:
        """The library file of the search space, by that of the registry which finds it at run time."""
        return {_source(get_space.__module__): [_source(type(self.space).__module__)]}

    @property
    def folder(self) -> str:
        """Where the results lie."""
        return f"results/{self.name}"

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets, in the order of the study file."""
        return list(self.config["datasets"])

    @property
    def proxies(self) -> list[str]:
        """Names of the proxies, in the order of the study file."""
        return self.config["scoring"]["proxies"]

    @property
    def scored(self) -> list[str]:
        """Names of the proxies and of the ensembles: what the score tables hold."""
        return scored_names(self.config)

    @property
    def searches(self) -> dict[str, dict[str, Any]]:
        """Settings of the searches by label."""
        return self.config["search"]["use"]

    @property
    def shipped(self) -> bool:
        """Whether the scores of the proxies are read from a folder."""
        return self.config["scoring"]["scores"] == "shipped"

    @property
    def score_folders(self) -> list[str]:
        """Folders of the independent scorings, by number: `scores`, then `scores-1` and so on."""
        return ["scores", *(f"scores-{number}" for number in range(1, self.config["scoring"]["scorings"]))]

    @property
    def computes(self) -> bool:
        """Whether the scores of the proxies are computed here, rather than read from a folder or from tables."""
        return self.config["scoring"]["scores"] == "computed"

    @property
    def all_given(self) -> bool:
        """Whether the study reads all its scores from tables under ``scoring.tables``."""
        return self.config["scoring"]["scores"] == "table"

    @property
    def own(self) -> dict[str, dict[str, Any]]:
        """What the study file says of scores of a user's own, by name."""
        return self.config["scoring"]["own"]

    @property
    def given(self) -> dict[str, dict[str, Any]]:
        """What is read from the tables under ``scoring.tables``, by name: own scores, and proxies if all are given.

        Titles and sources are left out: to mend one does not read the tables again.
        """
        names = {}
        for proxy in map(get_proxy, self.proxies if self.all_given else ()):
            failure = None if proxy.failure == "never" else proxy.failure
            names[proxy.name] = {"direction": proxy.direction, "failure": failure}
        for name, about in self.own.items():
            names[name] = {key: about[key] for key in ("direction", "failure")}
        return names

    def given_table(self, dataset: str) -> dict[str, Any]:
        """The settings of a dataset's table of given scores."""
        return self.config["scoring"]["tables"][dataset]

    def given_files(self, dataset: str) -> dict[str, str]:
        """The table of given scores of a dataset, and the facts beside it if there are any."""
        return _with_facts(self.given_table(dataset)["path"])

    def own_file(self, dataset: str) -> list[str]:
        """The given scores of a dataset as a score table, where there are any."""
        return [self.file(f"scores/{dataset}/own.parquet")] if self.given else []

    @property
    def measures_noise(self) -> bool:
        """Whether some cells are scored again by chance of another kind; other scores have no images for that."""
        return self.computes and self.config["scoring"]["noise_cells"] > 0

    @property
    def resources(self) -> list[str]:
        """Names of all datasets and archives that can be downloaded, of this study or not."""
        return sorted({source.dataset for source in read_sources() if source.file})

    @property
    def recipe(self) -> dict[str, Any]:
        """The training recipe, without what only cuts the work into jobs."""
        return {key: value for key, value in self.config["training"].items() if key != "cells_per_job"}

    @property
    def templates(self) -> str:
        """Folder of the report's templates."""
        return str(Path(self.project) / REPORT)

    def file(self, name: str) -> str:
        """Return a file of the study by its name below the study's folder."""
        return f"{self.folder}/{name}"

    def files(self, pattern: str) -> list[str]:
        """Return a file for each dataset; ``pattern`` holds ``{dataset}``."""
        return [self.file(pattern.format(dataset=dataset)) for dataset in self.datasets]

    @cached_property
    def families(self) -> dict[str, list[str]]:
        """The proxies of the study by family: proxies of one family share a pass through the network.

        None where scores are given as tables: nothing is known of how they were computed.
        """
        families: dict[str, list[str]] = {}
        for proxy in () if self.all_given else self.proxies:
            families.setdefault(family_of(proxy), []).append(proxy)
        return families

    def datasets_with(self, source: str) -> list[str]:
        """Names of the datasets whose ground truth comes from ``source``."""
        return [name for name, dataset in self.config["datasets"].items() if dataset["truth"]["source"] == source]

    def images(self, dataset: str) -> str | None:
        """The local path of a dataset's images, None for the embedded copy or the download."""
        return self.config["datasets"][dataset]["images"]["path"]

    def image_files(self, dataset: str) -> list[str]:
        """What must be there before the images can be read: a local path, a finished download, or nothing."""
        if (path := self.images(dataset)) is not None:
            return [path]
        return [download_mark(dataset)] if any(source.file for source in get_dataset(dataset).sources) else []

    def split_files(self, dataset: str) -> list[str]:
        """The official split list beside local images: another list gives another mini-batch."""
        return [str(path) for path in split_files(dataset, self.images(dataset))]

    def given_images(self, dataset: str) -> list[str]:
        """What a user gave of a dataset's images; embedded ones and downloads are checked elsewhere."""
        path = self.images(dataset)
        return [] if path is None else [path, *self.split_files(dataset)]

    def truth(self, dataset: str) -> dict[str, Any]:
        """The settings of a dataset's ground truth."""
        return self.config["datasets"][dataset]["truth"]

    def network(self, dataset: str) -> dict[str, int]:
        """The skeleton of the networks of a dataset, with the classes and the shape of its images."""
        classes, channels, size = dataset_shape(dataset, self.images(dataset))
        return {**self.config["skeleton"], "classes": classes, "image_channels": channels, "image_size": size}

    def dataset_source(self, dataset: str) -> list[str]:
        """The library file that defines a dataset of the registry; images of one's own have none."""
        return [_source(get_dataset(dataset).read.__module__)] if dataset in dataset_names() else []

    def family_source(self, *families: str) -> list[str]:
        """The library files that define families of proxies."""
        return [_source(f"tfnas.proxies.{family}") for family in families]

    def search_source(self, search: str) -> list[str]:
        """The library file that defines the algorithm of a search."""
        return [str(get_algorithm(self.searches[search]["algorithm"]).source)]

    def table_files(self, dataset: str) -> dict[str, str]:
        """The ready table of a dataset, and the facts beside it if there are any."""
        return _with_facts(self.truth(dataset)["path"])

    def archive(self, dataset: str) -> str:
        """The official archive of a dataset's ground truth: a local path, or where the download puts it."""
        return self.truth(dataset)["path"] or f"resources/{ARCHIVE}"

    @cached_property
    def archives(self) -> dict[str, str]:
        """The different archives of the study by a number: each is read once for all its datasets."""
        paths = dict.fromkeys(self.archive(dataset) for dataset in self.datasets_with("archive"))
        return {str(number): path for number, path in enumerate(paths)}

    def archive_datasets(self, number: str) -> list[str]:
        """Names of the datasets whose ground truth comes from an archive."""
        return [name for name in self.datasets_with("archive") if self.archive(name) == self.archives[number]]

    def archive_may_lack_cells(self, number: str) -> bool:
        """Whether a dataset goes on with an archive that lacks cells; one that does not is stopped on its own."""
        return any(self.truth(name)["allow_incomplete"] for name in self.archive_datasets(number))

    def archive_files(self, number: str) -> list[str]:
        """What must be there before an archive can be read."""
        given = self.truth(self.archive_datasets(number)[0])["path"]
        return [given or download_mark(ARCHIVE)]

    def archive_table(self, dataset: str) -> str:
        """What was read of the archive of a dataset."""
        number = next(number for number, path in self.archives.items() if path == self.archive(dataset))
        return f"{self.folder}/truth/archive/{number}.parquet"

    @property
    def score_tables(self) -> list[str]:
        """The score tables of all datasets and scorings."""
        folders = [folder for folder in self.score_folders if self.scored_in(folder)]
        return [path for folder in folders for path in self.files(f"{folder}/{{dataset}}.parquet")]

    def scored_in(self, folder: str) -> dict[str, list[str]]:
        """The proxies that a scoring computes, by family: all; after the first those that searches read and that draw.

        A family that draws nothing, such as the counts, would give the same scores again.
        """
        if folder == self.score_folders[0]:
            return self.families
        return {name: proxies for name, proxies in self.priced_families.items() if get_family(name).draws_weights}

    def ensembles_in(self, folder: str) -> list[str]:
        """The ensembles in the table of a scoring: all; after the first those that searches read."""
        ensembles = self.config["scoring"]["ensembles"]
        return ensembles if folder == self.score_folders[0] else [name for name in ensembles if name in self.priced]

    def proxies_in(self, folder: str) -> list[str]:
        """The proxies in the table of a scoring: all; after the first those that searches read."""
        if folder == self.score_folders[0]:
            return self.proxies
        return [name for names in self.priced_families.values() for name in names]

    def chunks(self, dataset: str, families: list[str] | None = None, folder: str = "scores") -> list[str]:
        """Files of the scoring chunks of a dataset, for the given families or all of them.

        Those of a family that is not scored again are the first scoring's.
        """
        scoring, again = self.config["scoring"], self.scored_in(folder)
        wanted = families or (self.families if folder == self.score_folders[0] else self.priced_families)
        return [
            self.file(f"{folder if family in again else 'scores'}/{dataset}/{family}/chunk-{first}-{last}.parquet")
            for family in wanted
            for first, last in blocks(count_to_score(family, scoring["share_classes"]), scoring["cells_per_job"])
        ]

    @property
    def second_batch_seed(self) -> int:
        """Master seed of the second mini-batch of every dataset, which only the measurement of noise looks at."""
        return child_seed(self.config["seed"], "noise")

    def noise_batch(self, dataset: str, number: int | str) -> str:
        """The mini-batch that noise is measured on: 1 is the study's, 2 is drawn for this with another seed."""
        return self.file(f"batches/{dataset}.npz" if int(number) == 1 else f"noise/{dataset}/batch.npz")

    def noise_files(self, number: int) -> list[str]:
        """Files of the cells scored again on a mini-batch (1 or 2), by dataset and family; none without noise."""
        if not self.measures_noise:
            return []
        return [
            self.file(f"noise/{dataset}/{family}-{number}.parquet")
            for dataset in self.datasets
            for family in self.families
        ]

    def score_files(self, dataset: str, search: str) -> list[str]:
        """The score tables that a search reads, one of each scoring; none, or one, where scoring anew changes nothing.

        A table of one family is taken if that is enough, so that others do not concern the search. Ensembles stand in
        the table of all families.
        """
        wanted = set(proxies_of(self.searches[search]))
        if not wanted:
            return []
        read = {proxy for name in wanted for proxy in self.priced[name]}
        families = {family for family, names in self.families.items() if read & set(names)}
        drawn = families & set(self.scored_in(self.score_folders[-1]))
        one = self.computes and len(families) == 1 and wanted <= set(self.proxies)
        table = f"{dataset}/{min(families)}.parquet" if one else f"{dataset}.parquet"
        return [self.file(f"{folder}/{table}") for folder in self.score_folders[: None if drawn else 1]]

    def hardware(self, dataset: str) -> dict[str, Any]:
        """The settings of a dataset's table of latencies."""
        return self.config["datasets"][dataset]["hardware"]

    @property
    def datasets_with_latencies(self) -> list[str]:
        """Names of the datasets that have a table of latencies."""
        return [name for name in self.datasets if self.hardware(name)["path"] is not None]

    def latency_files(self, dataset: str) -> dict[str, str]:
        """The table of latencies of a dataset, and the facts beside it if there are any."""
        return _with_facts(self.hardware(dataset)["path"])

    def latency_file(self, dataset: str, search: str) -> list[str]:
        """The latencies that a search needs: those of its dataset if it limits or weighs any."""
        return [self.file(f"hardware/{dataset}.parquet")] if devices_of(self.searches[search]) else []

    @property
    def latencies_by_dataset(self) -> dict[str, str]:
        """The latencies of every dataset that has any."""
        return {dataset: self.file(f"hardware/{dataset}.parquet") for dataset in self.datasets_with_latencies}

    @property
    def live_searches(self) -> list[str]:
        """Labels of the searches that evaluate networks live, in jobs of their own."""
        return [label for label, settings in self.searches.items() if get_algorithm(settings["algorithm"]).needs_live]

    def live_files(self, dataset: str, search: str, first: int | str, last: int | str) -> list[str]:
        """What live evaluations led the runs ``first`` to ``last`` of a search to; none for any other search."""
        if search not in self.live_searches:
            return []
        return [
            self.file(f"supernets/{dataset}/{search}/seeds-{start}-{end}.parquet")
            for start, end in blocks(self.config["search"]["runs"], LIVE_RUNS)
            if start <= int(last) and end >= int(first)
        ]

    @property
    def front_searches(self) -> dict[str, dict[str, Any]]:
        """Settings of the searches whose runs keep a Pareto front, by label."""
        searches = self.searches.items()
        return {label: settings for label, settings in searches if get_algorithm(settings["algorithm"]).fronts}

    @property
    def limited_searches(self) -> dict[str, dict[str, Any]]:
        """Settings of the searches that limit a cost or aim at one, by label."""
        return {label: settings for label, settings in self.searches.items() if limits_of_search(settings)}

    @property
    def subspaces(self) -> dict[str, dict[str, Any]]:
        """The sub-spaces that are compared, by label."""
        return self.config["search"]["subspaces"]

    @property
    def ensemble_choice(self) -> dict[str, Any]:
        """Which proxies an ensemble is chosen from without the dataset it is judged on (none: no choice is made)."""
        return self.config["scoring"]["ensemble_choice"]

    @property
    def leagues(self) -> dict[str, list[str]]:
        """Labels of the searches of each league, of which one is chosen without the dataset it is judged on."""
        return self.config["search"]["leagues"]

    def batch_size(self, dataset: str) -> int:
        """Images of the mini-batch of a dataset."""
        size = batch_size_of(self.config, dataset)
        assert size is not None
        return size

    def budget(self, dataset: str, search: str) -> float | None:
        """Simulated seconds that a search on a dataset may spend: those of the dataset whose accuracies it is shown.

        None for a search that needs none.
        """
        settings = self.searches[search]
        spends = get_algorithm(settings["algorithm"]).spends_budget(settings)
        return budget_of(self.config, accuracies_of(settings, dataset)) if spends else None

    def search_files(self, search: str, first: int | str, last: int | str) -> list[str]:
        """What the runs ``first`` to ``last`` of a search read on all datasets, but for ground truths."""
        return [
            file
            for dataset in self.datasets
            for file in (
                *self.score_files(dataset, search),
                *self.latency_file(dataset, search),
                *self.live_files(dataset, search, first, last),
            )
        ]

    def search_blocks(self, search: str, first: int | str, last: int | str) -> dict[str, dict[str, Any]]:
        """What the runs ``first`` to ``last`` of a search have of their own on each dataset, see ``run_blocks``."""
        found = {}
        for dataset in self.datasets:
            scores = self.score_files(dataset, search)
            folder = f"{self.folder}/runs/{dataset}/{search}"
            found[dataset] = {
                "score_path": next(iter(scores), None),
                "more_scores": scores[1:],
                "latency_path": next(iter(self.latency_file(dataset, search)), None),
                "live_paths": self.live_files(dataset, search, first, last),
                "budget_seconds": self.budget(dataset, search),
                "output": f"{folder}/seeds-{first}-{last}.parquet",
                "curves": f"{folder}/curves-{first}-{last}.parquet",
            }
        return found

    def pays_once(self, search: str) -> bool:
        """Whether a search pays once per class of identical cells; never one that looks at no early accuracies."""
        needs = get_algorithm(self.searches[search]["algorithm"]).needs_early
        return needs and self.config["search"]["pay_once"]

    def shipped_tables(self, dataset: str, folder: str = "scores") -> list[str]:
        """The shipped score tables that a study takes for a dataset and a scoring, one of each family."""
        number, shipped = self.score_folders.index(folder), self.config["scoring"]["shipped"]
        return shipped_tables(shipped, dataset, number, self.proxies_in(folder))

    def scratch(self, dataset: str) -> str:
        """Where finished parts of a training are kept, each under a name of all that decides it."""
        return f".scratch/training/{dataset}"

    @property
    def priced(self) -> dict[str, list[str]]:
        """The proxies behind each name that a search reads: the proxy itself, or the members of an ensemble."""
        names = {name for settings in self.searches.values() for name in proxies_of(settings)}
        known = ensembles()
        return {name: list(known[name].members) if name in known else [name] for name in sorted(names)}

    @property
    def unpriced(self) -> list[str]:
        """The scores that searches read and that nothing here can time: they were given."""
        return [name for name in self.given if any(name in members for members in self.priced.values())]

    @property
    def priced_families(self) -> dict[str, list[str]]:
        """The proxies that searches read, by family."""
        wanted = {proxy for proxies in self.priced.values() for proxy in proxies}
        chosen = {family: [name for name in names if name in wanted] for family, names in self.families.items()}
        return {family: names for family, names in chosen.items() if names}

    def rate_files(self) -> list[str]:
        """Files that say how long scoring takes on this machine, by dataset; none where searches read no proxy."""
        return self.files("machine-seconds/{dataset}.json") if self.priced_families else []

    def score_facts(self, dataset: str) -> list[str]:
        """The facts of the scores of each family that searches read: of its own table, or of the shipped one."""
        return [
            self.file(f"scores/{dataset}.json" if self.shipped else f"scores/{dataset}/{family}.json")
            for family in self.priced_families
        ]

    @property
    def published_files(self) -> list[str]:
        """The published results, when the study shows them."""
        return [f"{self.templates}/published.yaml"] if self.config["report"]["published"] else []

    @property
    def published_budgets(self) -> dict[str, float | None]:
        """Simulated seconds of a run on each dataset, None where looks cost otherwise than in published searches."""
        return dict.fromkeys(self.budgets) if self.config["search"]["pay_once"] else self.budgets

    @property
    def compares_published(self) -> bool:
        """Whether a published row stands beside a search of the study."""
        from tfnas.analysis.published import comparable_rows

        searches, datasets, budgets = self.searches, self.datasets, self.published_budgets
        return any(comparable_rows(path, searches, datasets, budgets) for path in self.published_files)

    @property
    def quotes_correlations(self) -> bool:
        """Whether others published correlations of a proxy of the study on one of its datasets."""
        from tfnas.analysis.published_rows import quoted_correlations

        return any(quoted_correlations(path, self.scored, self.datasets) for path in self.published_files)

    @property
    def votes(self) -> bool:
        """Whether the study has the published vote of proxies and its members."""
        return {"vote", *ensembles()["vote"].members} <= set(self.scored)

    @property
    def has_contest(self) -> bool:
        """Whether a search is more than a reference."""
        return len(self.references) < len(self.searches)

    @property
    def contenders(self) -> list[str]:
        """Labels of the searches that are ranked: no references, and none with a limit of cost unless all have one."""
        return contenders(self.searches)

    @property
    def references(self) -> list[str]:
        """Labels of the searches that nobody would use: baselines, and upper bounds that look at too much."""
        return [label for label, settings in self.searches.items() if search_group(settings) == "reference"]

    @property
    def equal_time_groups(self) -> dict[str, str]:
        """The group of each search that is compared at equal time, by label."""
        return equal_time_groups(self.searches)

    @property
    def searches_with_prior(self) -> list[str]:
        """Labels of the searches that read a prior."""
        return [label for label, settings in self.searches.items() if reads_prior(settings)]

    @property
    def random_cell(self) -> str | None:
        """Label of the search that draws one cell out of all, None where the study has none."""
        plain = [label for label, settings in self.searches.items() if settings == {"algorithm": "random_cell"}]
        return plain[0] if plain else None

    @property
    def ranks_searches(self) -> bool:
        """Whether searches are ranked over datasets: there must be several of both."""
        from tfnas.analysis.ranks import FEWEST_TO_RANK

        return len(self.datasets) > 1 and len(self.contenders) >= FEWEST_TO_RANK

    @cached_property
    def summary_specs(self) -> tuple[Any, ...]:
        """What declares the summaries that the study makes."""
        return tuple(summary for summary in summaries() if summary.when(self))

    @cached_property
    def exhibit_specs(self) -> tuple[Any, ...]:
        """What declares the exhibits that the study can make."""
        return tuple(exhibit for exhibit in exhibits() if exhibit.when(self))

    @cached_property
    def topic_specs(self) -> tuple[Any, ...]:
        """What declares the topics of the report's numbers that the study has, in the order of their writing."""
        return tuple(topic for topic in topics() if topic.when(self))

    @property
    def topic_inputs(self) -> dict[str, Any]:
        """The inputs of all topics, each under the names of topic and input."""
        return {
            f"{topic.name}_{name}".replace("-", "_"): paths
            for topic in self.topic_specs
            for name, paths in inputs(topic, self).items()
        }

    @property
    def budgets(self) -> dict[str, float | None]:
        """Simulated seconds of a run on each dataset."""
        return {dataset: budget_of(self.config, dataset) for dataset in self.datasets}

    @property
    def summaries(self) -> list[str]:
        """The summaries of the study."""
        return [self.file(f"summaries/{file}") for summary in self.summary_specs for file in summary.files.values()]

    def exhibits(self) -> list[str]:
        """All figures and tables of the report."""
        return [file for exhibit in self.exhibit_specs for file in exhibit.files(self)]

    def run_files_of(self, searches: Collection[str]) -> list[str]:
        """Files of all runs of some searches."""
        return [path for path in self.run_files() if path.split("/")[-2] in searches]

    def run_files(self) -> list[str]:
        """Files of all runs of all searches, in blocks of seeds."""
        search = self.config["search"]
        return [
            f"{self.folder}/runs/{dataset}/{label}/seeds-{first}-{last}.parquet"
            for dataset in self.datasets
            for label in self.searches
            for first, last in blocks(search["runs"], search["runs_per_job"])
        ]

    def run_facts(self) -> list[str]:
        """The facts of all runs."""
        return [facts_path(path).as_posix() for path in self.run_files()]

    def curve_facts(self) -> list[str]:
        """The facts of the anytime curves of all runs."""
        return [facts_path(path).as_posix() for path in self.curve_files()]

    def curve_files(self) -> list[str]:
        """Files of the anytime curves of all runs, beside those of the runs."""
        return ["/curves-".join(path.rsplit("/seeds-", 1)) for path in self.run_files()]

    def training_files(self, dataset: str) -> list[str]:
        """Files of the training blocks of a dataset."""
        distinct = len(set(SPACE.classes.tolist()))
        return [
            f"{self.folder}/truth/{dataset}/block-{first}-{last}.parquet"
            for first, last in blocks(distinct, self.config["training"]["cells_per_job"])
        ]

    def block_benchmarks(self) -> list[str]:
        """Benchmark files, below ``benchmarks/``, of all jobs that the study's work is cut into."""
        made = {
            "score_chunk": [
                file
                for folder in (self.score_folders if self.computes else [])
                for name in self.datasets
                for file in self.chunks(name, list(self.scored_in(folder)), folder)
            ],
            "run_search": [path for path in self.run_files() if path.split("/")[-3] == self.datasets[0]],
            "prune_supernets": [
                file
                for name in self.datasets
                for search in self.live_searches
                for file in self.live_files(name, search, 0, self.config["search"]["runs"])
            ],
            "train_block": [file for name in self.datasets_with("trained") for file in self.training_files(name)],
        }
        names = []
        for rule, files in made.items():
            for file in files:
                stage, *folders, last = file.removeprefix(f"{self.folder}/").split("/")
                folders = [stage, *folders] if stage in self.score_folders else folders
                folders = folders[1:] if rule == "run_search" else folders  # one job for all datasets
                block = last.partition("-")[2].removesuffix(".parquet")
                names.append("/".join([rule, *folders, f"{block}.tsv"]))
        return names


def _with_facts(path: str) -> dict[str, str]:
    """Return a table that a user gave, and the facts beside it if there are any."""
    facts = facts_path(path)
    return {"table": path} | ({"facts": str(facts)} if facts.exists() else {})


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    return str(spec.origin)
