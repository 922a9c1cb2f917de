"""What the models of a study file cannot say: keys that must agree with one another, and files that must exist.

One function per subject. Each raises one sentence that names the key, its value and what to write instead.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from tfnas.datasets.registry import dataset_names
from tfnas.datasets.training_splits import check_recipe
from tfnas.errors import ConfigError, DataError, TfnasError
from tfnas.files import facts_path, is_table, is_there, read_json, short
from tfnas.letters import check_letters
from tfnas.proxies.registry import ensembles, family_of, get_family, get_proxy, proxy_names
from tfnas.scoring.own_scores import RESERVED as COLUMNS
from tfnas.scoring.own_scores import check_columns, read_columns
from tfnas.scoring.shipped_paths import shipped_tables
from tfnas.search.base import SearchSpace
from tfnas.search.registry import accuracies_of, get_algorithm
from tfnas.spaces.base import Space
from tfnas.spaces.registry import get_space
from tfnas.study.results import check_results
from tfnas.study.settings import batch_size_of, budget_of, devices_of, proxies_of, scored_names
from tfnas.study.words import similar
from tfnas.truth.archive import find_archive
from tfnas.truth.latencies import RESERVED, check_device


def check_study(study: dict[str, Any]) -> None:
    """Check what a schema cannot: keys that must agree with one another, and files that must exist.

    Args:
        study: a study that agrees with the models, defaults filled in; relative paths start in the working folder.

    Raises:
        ConfigError: the message names the key, the value and what to write instead.
        DataError: a path of the study file does not exist.
    """
    check_letters(study["title"], "'title'")
    for name, dataset in study["datasets"].items():
        _check_dataset(name, dataset)
    check_results(study)
    _check_training(study)
    _check_scoring(study)
    _check_searches(study)
    _check_values_by_dataset(study)
    _check_choices(study)


def _check_dataset(name: str, dataset: dict[str, Any]) -> None:
    images, truth, hardware = dataset["images"]["path"], dataset["truth"], dataset["hardware"]
    place = f"datasets.{name}"
    check_letters(truth["columns"], f"{place}.truth.columns")
    for device in hardware["columns"]:
        check_device(device, f"{place}.hardware.columns")
    if dataset["scored_on"] is not None and truth["source"] != "table":
        raise ConfigError(
            f"{place}.scored_on names other images, but {place}.truth.source is '{truth['source']}', which has images "
            "of its own: remove scored_on, or give the accuracies as a table."
        )
    if (dataset["scored_on"] or name) not in dataset_names() and not str(images).endswith(".npz"):
        raise ConfigError(
            f"Unknown dataset '{name}' in 'datasets'{similar(name, list(dataset_names()))}: choose one of "
            f"{', '.join(dataset_names())}, set {place}.images.path to an .npz of your own images, or "
            f"{place}.scored_on to a dataset whose images stand in for them."
        )
    for part in ("images", "truth", "hardware"):
        _check_path(dataset[part]["path"], f"{place}.{part}.path")
    for part in ("truth", "hardware"):
        _check_facts(dataset[part]["path"])
    if truth["source"] == "table" and truth["path"] is None:
        raise ConfigError(f"{place}.truth.source is 'table': set {place}.truth.path to the table.")
    if truth["source"] == "archive" and truth["path"] is not None:
        find_archive(Path(truth["path"]))
    if truth["source"] == "trained" and truth["path"] is not None:
        raise ConfigError(f"{place}.truth.source is 'trained', which reads no file: remove {place}.truth.path.")


def _check_path(path: str | None, key: str) -> None:
    """Refuse a path that does not exist, whose braces Snakemake would read, or whose name no report can print."""
    if path is not None and not _exists(path, key):
        raise DataError(
            f"{key} is '{short(path)}', which does not exist: correct the path (it starts in {Path.cwd()} or in "
            "the folder of the workflow)."
        )


def _check_facts(path: str | None) -> None:
    """Refuse the JSON beside a table that a person gave, where it is damaged or says what no report can print."""
    if path is None or not is_table(path) or not is_there(facts := facts_path(path)):
        return
    check_letters(read_json(facts), f"'{facts}'", DataError)


def _exists(path: str, key: str) -> bool:
    """Return whether a path of the study file exists; refuse one that nothing could be read from."""
    if wrong := re.findall(r"[{}\n\r\0]", path):
        raise ConfigError(f"{key} is {path!r}: a path may not hold {wrong[0]!r}, rename the file or the folder.")
    check_letters(Path(path).name, f"The name of the file of {key}")
    return is_there(path)


def _check_training(study: dict[str, Any]) -> None:
    recipe = study["training"]
    trained = [name for name, dataset in study["datasets"].items() if dataset["truth"]["source"] == "trained"]
    for name in trained:
        check_recipe(name, study["datasets"][name]["images"]["path"], recipe)
    if trained and recipe["early_epochs"] > recipe["epochs"]:
        raise ConfigError(
            f"training.early_epochs is {recipe['early_epochs']}, after the end of {recipe['epochs']} epochs: "
            "stop at or before training.epochs."
        )


def _check_scoring(study: dict[str, Any]) -> None:
    scoring = study["scoring"]
    for name in scoring["ensembles"]:
        if missing := [member for member in ensembles()[name].members if member not in scoring["proxies"]]:
            raise ConfigError(
                f"scoring.ensembles names '{name}', which is made of scores that the study does not have: add "
                f"{', '.join(missing)} to scoring.proxies (now {', '.join(scoring['proxies'])})."
            )
    _check_pool(study)
    if scoring["noise_cells"] == 1:
        raise ConfigError("scoring.noise_cells is 1, but a ranking needs two cells: use 0 (none) or 2 and more.")
    if scoring["scorings"] > study["search"]["runs"]:
        raise ConfigError(
            f"scoring.scorings is {scoring['scorings']}, but search.runs is {study['search']['runs']}, so that some "
            "score tables would never be read: use at most as many as runs."
        )
    if scoring["scorings"] > 1 and scoring["scores"] == "table":
        raise ConfigError("scoring.scorings needs scores that are computed or shipped; given tables hold one: use 1.")
    _check_given(study)
    _check_offers(study)
    if scoring["scores"] != "shipped":
        return
    if scoring["shipped"] is None:
        raise ConfigError("scoring.scores is 'shipped': set scoring.shipped to the folder of the score tables.")
    check_letters(scoring["shipped"], "scoring.shipped")
    _check_shipped(study)


def _check_pool(study: dict[str, Any]) -> None:
    """Refuse a pool that cannot be had, and a space without one that is too large to be scored as a whole."""
    space, scoring = get_space(study["space"]), study["scoring"]
    cells = scoring["cells"]
    if cells == "all":
        if not space.enumerable:
            raise ConfigError(
                f"The space '{space.name}' has {space.size:,} architectures, too many to be scored: set scoring.cells "
                "to how many of those with ground truth the study works on."
            )
        return
    if cells > space.size:
        raise ConfigError(f"scoring.cells is {cells:,}, and the space '{space.name}' has {space.size:,} architectures.")
    if scoring["scores"] == "table" or scoring["own"]:
        raise ConfigError(f"scoring.cells is {cells:,}, but given scores are of a whole space: use all.")
    if scoring["noise_cells"] > cells:
        raise ConfigError(f"scoring.noise_cells is {scoring['noise_cells']}, more than scoring.cells: lower it.")
    for name, dataset in study["datasets"].items():
        if (source := dataset["truth"]["source"]) != "table":
            raise ConfigError(
                f"scoring.cells is {cells:,}, but the ground truth of {name} is {source}: a pool is taken out of "
                "ready tables alone, so use all."
            )


def _check_offers(study: dict[str, Any]) -> None:
    """Refuse a proxy that needs what the search space does not offer, and ground truth that cannot be made of it."""
    space = get_space(study["space"])
    if study["scoring"]["scores"] != "table":
        for proxy in study["scoring"]["proxies"]:
            if lacking := _lacking(proxy, space):
                raise ConfigError(
                    f"scoring.proxies names '{proxy}', which needs {' and '.join(sorted(lacking))} that the search "
                    f"space '{space.name}' does not offer: give its scores as a table (scoring.tables), or leave it "
                    "out."
                )
    for name, dataset in study["datasets"].items():
        if dataset["truth"]["source"] != "table" and "cell" not in space.offers:
            raise ConfigError(
                f"datasets.{name}.truth.source is {dataset['truth']['source']}, which exists for NATS-Bench's "
                f"topologies alone: give the accuracies of the space '{space.name}' as a table."
            )


def _lacking(proxy: str, space: Space) -> set[str]:
    """Return what a proxy needs that the networks of a space do not offer."""
    if "modules" in space.offers:
        return {"cell"} & set(get_proxy(proxy).requires)
    return set(get_family(family_of(proxy)).asks - space.offers)


def _check_shipped(study: dict[str, Any]) -> None:
    """Check that there is a shipped table of each family of proxies, for every dataset and scoring."""
    scoring, known = study["scoring"], ensembles()
    names = [name for settings in study["search"]["use"].values() for name in proxies_of(settings)]
    read = {proxy for name in names for proxy in (known[name].members if name in known else [name])}
    for number, name in ((number, name) for number in range(scoring["scorings"]) for name in study["datasets"]):
        proxies = [proxy for proxy in scoring["proxies"] if not number or proxy in read]
        images = study["datasets"][name]["scored_on"] or name
        for path in shipped_tables(scoring["shipped"], images, number, proxies):
            for file in (path, path.removesuffix(".parquet") + ".json"):
                if not _exists(file, "scoring.shipped"):
                    mend = f"set scoring.scorings to {number}" if number else "correct the folder"
                    raise DataError(
                        f"scoring.shipped is '{short(scoring['shipped'])}', which has no "
                        f"{file.removeprefix(scoring['shipped'] + '/')}: {mend}, or set scoring.scores to computed."
                    )
            _check_facts(path)


def _check_given(study: dict[str, Any]) -> None:
    """Check scores of one's own: their names, and that the table of each dataset has what is to be read from it."""
    scoring, known = study["scoring"], list(study["datasets"])
    check_letters(scoring["own"], "scoring.own")
    for name in scoring["own"]:
        if name in proxy_names() or name in ensembles():
            raise ConfigError(
                f"scoring.own names '{name}', which is a proxy or an ensemble of the registry: choose another name, or "
                "name it under scoring.proxies and set scoring.scores to table."
            )
        if name in COLUMNS:
            raise ConfigError(
                f"scoring.own names '{name}', which is a column of every score table: choose another name."
            )
    given = [*(scoring["proxies"] if scoring["scores"] == "table" else ()), *scoring["own"]]
    if not scoring["proxies"] and not given:
        raise ConfigError("The study has no scores: name some under scoring.proxies or scoring.own.")
    if not scoring["proxies"] and scoring["scores"] != "table":
        raise ConfigError(
            "scoring.proxies is empty: name a proxy, or set scoring.scores to table, so that all scores are your own."
        )
    for name in scoring["tables"]:
        _check_is_dataset(study, "scoring.tables", name)
    if scoring["tables"] and not given:
        raise ConfigError(
            "scoring.tables is of no use: name what to read under scoring.own, or set scoring.scores to table."
        )
    missing = [name for name in known if name not in scoring["tables"]]
    if given and missing:
        raise ConfigError(
            f"scoring.tables has nothing for {', '.join(missing)}: add '{missing[0]}: {{path: SCORES.csv}}' to it, for "
            f"the scores {', '.join(given)}."
        )
    for name, table in scoring["tables"].items():
        key = f"scoring.tables.{name}"
        _check_path(table["path"], f"{key}.path")
        _check_facts(table["path"])
        check_columns(read_columns(table["path"]), given, table["columns"], f"{key}.columns", table["path"])


def _check_searches(study: dict[str, Any]) -> None:
    """Check that there are searches, and each of them in its turn."""
    search = study["search"]
    if not search["use"]:
        raise ConfigError(
            "search.use names no search, so there is nothing to summarise: add one under search.use, for example "
            "'random-cell: {algorithm: random_cell}'."
        )
    for label, constraint in search["subspaces"].items():
        _check_constraint(study, f"search.subspaces.{label}", constraint)
    for label, settings in search["use"].items():
        _check_search(study, label, settings)


def _check_search(study: dict[str, Any], label: str, settings: dict[str, Any]) -> None:
    """Check what a search reads, weighs, limits and spends against what the study has."""
    place, algorithm = f"search.use.{label}", get_algorithm(settings["algorithm"])
    _check_scores_of(study, place, settings)
    space, cells = get_space(study["space"]), study["scoring"]["cells"]
    size = space.size if cells == "all" else cells
    if settings.get("sample", 0) > size:
        raise ConfigError(f"{place}.sample is {settings['sample']}, but the search space has {size} cells: use fewer.")
    if lacking := algorithm.build.needs - space.offers:
        raise ConfigError(
            f"{place} needs {' and '.join(sorted(lacking))}, which the search space '{space.name}' does not offer: "
            "leave it out."
        )
    algorithm.settings(settings, label, checked=True)  # refuses what does not concern the algorithm
    if "accuracies_of" in settings:
        _check_is_dataset(study, f"{place}.accuracies_of", settings["accuracies_of"])
    if algorithm.needs_live and (replaced := [name for name, one in study["datasets"].items() if one["scored_on"]]):
        raise ConfigError(
            f"{place} trains on images while it searches, and {', '.join(replaced)} has those of another dataset "
            "(scored_on): leave the search out."
        )
    if algorithm.needs_live and "constraint" in settings:
        raise ConfigError(
            f"{place}.constraint limits '{algorithm.name}', which prunes a supernet of the whole space: remove it."
        )
    try:  # on the whole space: it says itself which of its parameters do not agree
        rng = np.random.default_rng(study["seed"])
        codes = np.arange(size) if space.enumerable else np.unique(space.sample(rng, size))
        algorithm.build(SearchSpace(codes, of=space), rng, **algorithm.own(settings))
    except TfnasError as error:
        raise ConfigError(f"{place} is wrong: {error}") from error
    _check_constraint(study, f"{place}.constraint", settings.get("constraint", {}))
    _check_devices(study, place, devices_of(settings))
    if algorithm.spends_budget(settings):
        for name in dict.fromkeys(accuracies_of(settings, dataset) for dataset in study["datasets"]):
            if budget_of(study, name) is None:
                raise ConfigError(
                    f"{place} trains, but search.budget_seconds has nothing for '{name}': add "
                    f"'budget_seconds: {{{name}: SECONDS}}' under search, or 'evaluations: NUMBER' to this search."
                )


def _check_scores_of(study: dict[str, Any], place: str, settings: dict[str, Any]) -> None:
    """Refuse a search that reads a score that the study does not have."""
    scored = scored_names(study)
    for proxy in (name for name in proxies_of(settings) if name not in scored):
        if proxy not in proxy_names() and proxy not in ensembles():
            raise ConfigError(
                f"{place}.proxy is '{proxy}', which is no proxy or ensemble{similar(proxy, [*scored, *proxy_names()])}"
                f": the study scores {', '.join(scored)}; scores of your own are declared under scoring.own."
            )
        key = "ensembles" if proxy in ensembles() else "proxies"
        raise ConfigError(
            f"{place}.proxy is '{proxy}', which the study does not score: add it to scoring.{key} "
            f"(now {', '.join(study['scoring'][key]) or 'none'})."
        )


def _check_values_by_dataset(study: dict[str, Any]) -> None:
    """Check keys that give a value for each dataset: they name datasets of the study, and all that need a value."""
    for section, key in (("search", "budget_seconds"), ("scoring", "batch_size")):
        value = study[section][key]
        for name in value if isinstance(value, dict) else ():
            _check_is_dataset(study, f"{section}.{key}", name)
    for name in study["datasets"]:
        if batch_size_of(study, name) is None:
            raise ConfigError(f"scoring.batch_size has nothing for '{name}': add '{name}: 128' to it.")


def _check_is_dataset(study: dict[str, Any], key: str, name: str) -> None:
    known = list(study["datasets"])
    if name not in known:
        raise ConfigError(
            f"{key} names '{name}', which is no dataset of the study{similar(name, known)}: it has {', '.join(known)}."
        )


def _check_choices(study: dict[str, Any]) -> None:
    """Check what is chosen without the dataset that it is judged on, where a study asks for it."""
    choice, leagues, datasets = study["scoring"]["ensemble_choice"], study["search"]["leagues"], list(study["datasets"])
    if not choice["proxies"] and not leagues:
        return
    from tfnas.analysis.held_out import LEAGUE, check_datasets, check_ensemble_choice

    scored, searches = [*study["scoring"]["proxies"], *study["scoring"]["own"]], list(study["search"]["use"])
    for name in choice["proxies"]:
        if name not in scored:
            raise ConfigError(
                f"scoring.ensemble_choice.proxies names '{name}', which the study does not score"
                f"{similar(name, scored)}: add it to scoring.proxies (now {', '.join(scored)})."
            )
    if choice["proxies"]:
        check_ensemble_choice(datasets, choice["proxies"], choice["largest"])
    for league, labels in leagues.items():
        check_datasets(datasets, LEAGUE)
        for label in labels:
            if label not in searches:
                raise ConfigError(
                    f"search.leagues.{league} names '{label}', which is no search of the study"
                    f"{similar(label, searches)}: search.use has {', '.join(searches)}."
                )


def _check_devices(study: dict[str, Any], place: str, devices: list[str]) -> None:
    """Refuse a latency where a dataset has no table of latencies; the job that reads the table knows its devices."""
    for device in devices:
        check_device(device, place)
        for name, dataset in study["datasets"].items():
            if dataset["hardware"]["path"] is None:
                raise ConfigError(
                    f"{place} asks for the latency on '{device}', but '{name}' has no table of latencies: set "
                    f"datasets.{name}.hardware.path."
                )


def _check_constraint(study: dict[str, Any], place: str, constraint: dict[str, Any]) -> None:
    if "latency" in constraint:
        device = constraint["latency"]["device"]
        if device in RESERVED:
            raise ConfigError(f"{place}.latency.device is '{device}', which is no device.")
        _check_devices(study, place, [device])
