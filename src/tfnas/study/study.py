"""What a study consists of: its datasets, families, chunks and blocks, and the files they become.

Everything that decides *which jobs exist* lives here, where it can be tested; the rules only ask. No torch is imported.
"""

import importlib.util
import re
from collections.abc import Collection
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
from tfnas.report.wording import reported_words
from tfnas.scoring.plan import count_to_score
from tfnas.scoring.shipped_paths import shipped_tables
from tfnas.search.constraints import limits_of_search
from tfnas.search.registry import accuracies_of, get_algorithm
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import SPACE
from tfnas.spaces.registry import get_space
from tfnas.study.results import metric_told, split_of
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


class Study:
    """A study whose file has been checked: what it says, and the files that it becomes.

    Args:
        config: what :func:`tfnas.study.load.load_study` returned; what it says is read once.
        project: folder of the workflow; empty where that is the working folder.

    Attributes:
        name: name of the study.
        seed: the master seed.
        folder: where the results lie.
        space: the search space.
        space_source: the library file of the search space, by that of the registry which finds it at run time.
        datasets: names of the datasets, in the order of the study file.
        datasets_with_latencies: names of those that have a table of latencies.
        archives: the different archives of the study by a number: each is read once for all its datasets.
        proxies: names of the proxies, in the order of the study file.
        own: what the study file says of scores of a user's own, by name.
        scored: names of proxies, own scores and ensembles: what the score tables hold.
        votes: whether the study has the published vote of proxies and its members.
        families: the proxies by family: those of one family share a pass through the network; none where scores are
            given as tables, since nothing is known of how they were computed.
        computes: whether the scores of the proxies are computed here, rather than read from a folder or from tables.
        shipped: whether they are read from a folder.
        all_given: whether the study reads all its scores from tables under ``scoring.tables``.
        measures_noise: whether some cells are scored again by chance of another kind, where scores are computed here.
        score_folders: folders of the independent scorings, by number: `scores`, then `scores-1` and so on.
        second_batch_seed: master seed of the second mini-batches, which only the measurement of noise looks at.
        ensemble_choice: the proxies that an ensemble is chosen from without the dataset it is judged on, if any.
        recipe: the training recipe, without what only cuts the work into jobs.
        searches: settings of the searches by label.
        priced: the proxies behind each name that a search reads: the proxy itself, or the members of an ensemble.
        priced_families: those proxies by family.
        random_cell: label of the search that draws one cell out of all, None where the study has none.
        live_searches: labels of those that evaluate networks live, in jobs of their own.
        front_searches: settings of those whose runs keep a Pareto front, by label.
        limited_searches: settings of those that limit a cost or aim at one, by label.
        searches_with_prior: labels of those that read a prior.
        references: labels of those that nobody would use: baselines, and upper bounds that look at too much.
        contenders: labels of those that are ranked: no references, and none with a limit of cost unless all have one.
        has_contest: whether a search is more than a reference.
        equal_time_groups: the group of each search that is compared at equal time, by label.
        subspaces: the sub-spaces that are compared, by label.
        leagues: labels of the searches of each league, of which one is chosen without the dataset it is judged on.
        budgets: simulated seconds of a run on each dataset.
        reported: what the report calls the results, see :func:`tfnas.report.wording.reported_words`.
        ranges: the lowest and the highest result there can be on each dataset, as ground truth keeps them.
        published_budgets: the same, None where looks cost otherwise than in published searches.
        templates: folder of the report's templates.
        published_files: the published results, when the study shows them.
    """

    def __init__(self, config: dict[str, Any], project: str = ""):
        scoring, search = config["scoring"], config["search"]
        self.config, self.project = config, project
        self.name: str = config["study"]
        self.seed: int = config["seed"]
        self.folder = f"results/{self.name}"
        self.space = get_space(config["space"])
        file = type(self.space).__module__
        self.space_source = {_source(get_space.__module__): [_source(file)]}
        self.by_module = "modules" in self.space.offers
        if self.by_module:  # what a job that scores finds at run time
            networks = file.replace(".spaces.", ".networks.")
            self.space_source[_source("tfnas.scoring.chunk")] = [_source("tfnas.scoring.modules"), _source(networks)]
        self.datasets = list(config["datasets"])
        self.datasets_with_latencies = [name for name in self.datasets if self.hardware(name)["path"] is not None]
        archives = dict.fromkeys(self.archive(dataset) for dataset in self.datasets_with("archive"))
        self.archives = {str(number): path for number, path in enumerate(archives)}
        self.proxies: list[str] = scoring["proxies"]
        self.own: dict[str, dict[str, Any]] = scoring["own"]
        self.scored = scored_names(config)
        self.votes = {"vote", *ensembles()["vote"].members} <= set(self.scored)
        self.computes = scoring["scores"] == "computed"
        self.shipped = scoring["scores"] == "shipped"
        self.all_given = scoring["scores"] == "table"
        known = [] if self.all_given else self.proxies
        self.families = {name: [proxy for proxy in known if family_of(proxy) == name] for name in map(family_of, known)}
        self.measures_noise = self.computes and scoring["noise_cells"] > 0
        self.score_folders = ["scores", *(f"scores-{number}" for number in range(1, scoring["scorings"]))]
        self.second_batch_seed = child_seed(self.seed, "noise")
        self.ensemble_choice: dict[str, Any] = scoring["ensemble_choice"]
        self.recipe = {key: value for key, value in config["training"].items() if key != "cells_per_job"}
        self.searches: dict[str, dict[str, Any]] = search["use"]
        used = self.searches.items()
        read = sorted({name for settings in self.searches.values() for name in proxies_of(settings)})
        self.priced = {name: list(ensembles()[name].members) if name in ensembles() else [name] for name in read}
        wanted = {proxy for proxies in self.priced.values() for proxy in proxies}
        chosen = {family: [name for name in names if name in wanted] for family, names in self.families.items()}
        self.priced_families = {family: names for family, names in chosen.items() if names}
        plain = [label for label, settings in used if settings == {"algorithm": "random_cell"}]
        self.random_cell = plain[0] if plain else None
        self.live_searches = [label for label, settings in used if get_algorithm(settings["algorithm"]).needs_live]
        self.front_searches = {
            label: settings for label, settings in used if get_algorithm(settings["algorithm"]).fronts
        }
        self.limited_searches = {label: settings for label, settings in used if limits_of_search(settings)}
        self.searches_with_prior = [label for label, settings in used if reads_prior(settings)]
        self.references = [label for label, settings in used if search_group(settings) == "reference"]
        self.contenders = contenders(self.searches)
        self.has_contest = len(self.references) < len(self.searches)
        self.equal_time_groups = equal_time_groups(self.searches)
        self.subspaces: dict[str, dict[str, Any]] = search["subspaces"]
        self.leagues: dict[str, list[str]] = search["leagues"]
        self.budgets = {dataset: budget_of(config, dataset) for dataset in self.datasets}
        self.published_budgets = self.budgets if not search["pay_once"] else dict.fromkeys(self.datasets)
        self.templates = str(Path(project) / REPORT)
        self.published_files = [f"{self.templates}/published.yaml"] if config["report"]["published"] else []

    @cached_property
    def reported(self) -> dict[str, Any]:
        """What the report calls the results of this study."""
        column = split_of(self.config, self.datasets[0])
        return reported_words(column, {name: metric_told(self.config, name) for name in self.datasets})

    @cached_property
    def ranges(self) -> dict[str, list[float]]:
        """The lowest and the highest result there can be on each dataset."""
        kept = {name: metric_told(self.config, name).kept for name in self.datasets}
        return {name: [metric.low, metric.high] for name, metric in kept.items()}

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

    def given_files(self, dataset: str) -> dict[str, str]:
        """The table of given scores of a dataset, and the facts beside it if there are any."""
        return _with_facts(self.config["scoring"]["tables"][dataset]["path"])

    def own_file(self, dataset: str) -> list[str]:
        """The given scores of a dataset as a score table, where there are any."""
        return [self.file(f"scores/{dataset}/own.parquet")] if self.given else []

    @property
    def resources(self) -> list[str]:
        """Names of all datasets and archives that can be downloaded, of this study or not."""
        return sorted({source.dataset for source in read_sources() if source.file})

    def file(self, name: str) -> str:
        """Return a file of the study by its name below the study's folder."""
        return f"{self.folder}/{name}"

    def files(self, pattern: str) -> list[str]:
        """Return a file for each dataset; ``pattern`` holds ``{dataset}``."""
        return [self.file(pattern.format(dataset=dataset)) for dataset in self.datasets]

    def datasets_with(self, source: str) -> list[str]:
        """Names of the datasets whose ground truth comes from ``source``."""
        return [name for name, dataset in self.config["datasets"].items() if dataset["truth"]["source"] == source]

    def images(self, dataset: str) -> str | None:
        """The local path of a dataset's images, None for the embedded copy or the download."""
        return self.config["datasets"][dataset]["images"]["path"]

    def scored_on(self, dataset: str) -> str:
        """The dataset whose images the cells are scored on: the dataset itself unless the study names another."""
        return self.config["datasets"][dataset]["scored_on"] or dataset

    def image_files(self, dataset: str) -> list[str]:
        """What must be there before the images can be read: a local path, a finished download, or nothing."""
        if (path := self.images(dataset)) is not None:
            return [path]
        name = self.scored_on(dataset)
        return [download_mark(name)] if any(source.file for source in get_dataset(name).sources) else []

    def split_files(self, dataset: str) -> list[str]:
        """The official split list beside local images: another list gives another mini-batch."""
        return [str(path) for path in split_files(self.scored_on(dataset), self.images(dataset))]

    def given_images(self, dataset: str) -> list[str]:
        """What a user gave of a dataset's images; embedded ones and downloads are checked elsewhere."""
        path = self.images(dataset)
        return [] if path is None else [path, *self.split_files(dataset)]

    def truth(self, dataset: str) -> dict[str, Any]:
        """The settings of a dataset's ground truth."""
        return self.config["datasets"][dataset]["truth"]

    def network(self, dataset: str) -> dict[str, int]:
        """The skeleton of the networks of a dataset, with the classes and the shape of its images."""
        classes, channels, size = dataset_shape(self.scored_on(dataset), self.images(dataset))
        return {**self.config["skeleton"], "classes": classes, "image_channels": channels, "image_size": size}

    def dataset_source(self, dataset: str) -> list[str]:
        """The library file that defines a dataset of the registry; images of one's own have none."""
        name = self.scored_on(dataset)
        return [_source(get_dataset(name).read.__module__)] if name in dataset_names() else []

    def family_source(self, *families: str) -> list[str]:
        """The library files that define families of proxies."""
        own = [_source(f"tfnas.proxies.{family}") for family in families]
        return own + [_source(f"tfnas.proxies.any_module.{family}") for family in families if self.by_module]

    def search_source(self, search: str) -> list[str]:
        """The library file that defines the algorithm of a search."""
        return [str(get_algorithm(self.searches[search]["algorithm"]).source)]

    def table_files(self, dataset: str) -> dict[str, str]:
        """The ready table of a dataset, and the facts beside it if there are any."""
        return _with_facts(self.truth(dataset)["path"])

    def archive(self, dataset: str) -> str:
        """The official archive of a dataset's ground truth: a local path, or where the download puts it."""
        return self.truth(dataset)["path"] or f"resources/{ARCHIVE}"

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
            for first, last in blocks(self.count_to_score(family), scoring["cells_per_job"])
        ]

    @property
    def pool_size(self) -> int | None:
        """How many architectures the study works on; None: all of its space."""
        cells = self.config["scoring"]["cells"]
        return None if cells == "all" else cells

    @property
    def shares_classes(self) -> bool:
        """Whether cells of one class share a score; every member of a pool has its own."""
        return self.config["scoring"]["share_classes"] and self.pool_size is None

    def count_to_score(self, family: str) -> int:
        """How many architectures a family of proxies scores."""
        return self.pool_size or count_to_score(family, self.shares_classes, self.space)

    def pool_file(self, dataset: str) -> list[str]:
        """The table whose architectures are the pool of a dataset, its ground truth; none where all are scored."""
        return [self.file(f"truth/{dataset}.parquet")] if self.pool_size else []

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

    def live_files(self, dataset: str, search: str, first: int | str, last: int | str) -> list[str]:
        """What live evaluations led the runs ``first`` to ``last`` of a search to; none for any other search."""
        if search not in self.live_searches:
            return []
        return [
            self.file(f"supernets/{dataset}/{search}/seeds-{start}-{end}.parquet")
            for start, end in blocks(self.config["search"]["runs"], LIVE_RUNS)
            if start <= int(last) and end >= int(first)
        ]

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
        files: list[str] = []
        for dataset in self.datasets:
            files += self.score_files(dataset, search) + self.latency_file(dataset, search)
            files += self.live_files(dataset, search, first, last)
        return files

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
        return shipped_tables(shipped, self.scored_on(dataset), number, self.proxies_in(folder))

    def scratch(self, dataset: str) -> str:
        """Where finished parts of a training are kept, each under a name of all that decides it."""
        return f".scratch/training/{dataset}"

    @property
    def unpriced(self) -> list[str]:
        """The scores that searches read and that nothing here can time: they were given."""
        return [name for name in self.given if any(name in members for members in self.priced.values())]

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
        without = {"score_chunk": 0, "run_search": 2, "prune_supernets": 1, "train_block": 1}  # of the folders around
        names = []
        for rule, files in made.items():
            for file in files:
                *folders, last = file.removeprefix(f"{self.folder}/").split("/")
                block = last.partition("-")[2].removesuffix(".parquet")
                names.append("/".join([rule, *folders[without[rule] :], f"{block}.tsv"]))
        return names


def _with_facts(path: str) -> dict[str, str]:
    """Return a table that a user gave, and the facts beside it if there are any."""
    facts = facts_path(path)
    return {"table": path} | ({"facts": str(facts)} if facts.exists() and str(facts) != path else {})


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    return str(spec.origin)
