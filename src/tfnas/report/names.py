"""How datasets, proxies and searches are called in the report, and into which group of a table a search belongs."""

import re
from typing import Any

from tfnas.proxies.registry import ensembles, get_proxy, proxy_names
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.rounding import escape
from tfnas.report.titles import dataset_title
from tfnas.search.base import DRAW
from tfnas.search.constraints import constraint_words, limits_of_search
from tfnas.search.registry import get_algorithm

GROUPS = {
    "non-weight-sharing": "Candidates are trained (simulated)",
    "weight-sharing": "Weight sharing (quoted)",
    "training-free": "Training-free",
    "hybrid": "Hybrid: proxy first, then training",
    "reference": "References",
}
"""Groups of rows in the order of the tables, with their headings: the groups of the search registry, and one more for
published methods that nobody can rerun on the benchmark."""

PLAIN_PROXY_SEARCH = "proxy_search"
"""The algorithm that does nothing but look at the proxy: the literature calls it by the proxy's name."""

BY_PROXY = {PLAIN_PROXY_SEARCH: "{}", "proxy_argmax": "{} (all cells)", "plain_evolution": "Evolution ({})"}
"""Titles of searches that are nothing without the proxy that they follow."""

SYMBOLS = {"sample": "N", "population": "P", "tournament": "S", "size": "S"}
"""Letters for settings of searches, as the pseudocode uses them."""

LONGEST_TITLE = 36
"""Characters of a title of a search; one that would be longer gives way to the label in the study file."""


def search_group(settings: dict[str, Any]) -> str:
    """Return the group (key of :data:`GROUPS`) of a search, from its registry."""
    return get_algorithm(settings["algorithm"]).group


def reads_prior(settings: dict[str, Any]) -> bool:
    """Return whether a search reads a proxy that its registry calls a prior, alone or as a member of an ensemble.

    A score of a user's own is none: nobody knows here what it rewards.
    """
    known, registered = ensembles(), proxy_names()
    names = get_algorithm(settings["algorithm"]).proxies(settings)
    members = {member for name in names for member in (known[name].members if name in known else [name])}
    return any(get_proxy(member).prior for member in members if member in registered)


def equal_time_groups(searches: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the group (``tfnas.analysis.equal_time.GROUPS``) of each search compared at equal time, by label.

    These are the searches that are ranked (:func:`contenders`) and look at something: one that only draws cells is a
    reference here, whatever its own group is.
    """
    trained = {"non-weight-sharing": "trained", "hybrid": "hybrid"}
    groups = {}
    for label in contenders(searches):
        group = search_group(searches[label])
        if group != "reference" and set(get_algorithm(searches[label]["algorithm"]).looks) - {DRAW}:
            scores_alone = "training-free-prior" if reads_prior(searches[label]) else "training-free"
            groups[label] = trained.get(group, scores_alone)
    return groups


def contenders(searches: dict[str, dict[str, Any]]) -> list[str]:
    """Return the labels of the searches that are ranked: no references, and none with a limit unless all have one."""
    labels = [label for label, settings in searches.items() if search_group(settings) != "reference"]
    return [label for label in labels if not limits_of_search(searches[label])] or labels


def search_titles(searches: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the short printed names of searches as plain text: ``{label: title}``.

    A title is the algorithm's: its acronym where it ends with one in brackets (a word with two capitals, the first
    letter among them), without what follows " by ", and that of :data:`BY_PROXY` for those that follow a proxy. Behind
    it stand, in brackets, the settings in which searches of the study with the same algorithm differ, for example
    ``NASWOT (N = 100)`` and ``AREA (NASWOT)``, and always the dataset whose accuracies a search is shown in place of
    those of the dataset searched. Where that takes more than :data:`LONGEST_TITLE` characters, proxies that are the
    algorithm's default are left out; where it still does, the search goes by its label in the study.
    """
    titles = {}
    for label, settings in searches.items():
        alike = [other for other in searches.values() if other["algorithm"] == settings["algorithm"]]
        title = _short_title(settings)
        differing = {
            name: _difference(name, value)
            for name, value in settings.items()
            if name != "algorithm"
            and value is not None
            and not (name == "proxy" and settings["algorithm"] in BY_PROXY)
            and (name == "accuracies_of" or len({str(other.get(name)) for other in alike}) > 1)
        }
        full = _with_settings(title, list(differing.values()))
        proxies = get_algorithm(settings["algorithm"]).parameters.get("proxies")
        if len(full) > LONGEST_TITLE and settings.get("proxies") == (proxies.default if proxies else None):
            full = _with_settings(title, [words for name, words in differing.items() if name != "proxies"])
        titles[label] = full if len(full) <= LONGEST_TITLE else label
    repeated = {title for title in titles.values() if list(titles.values()).count(title) > 1}
    return {label: f"{title} [{label}]" if title in repeated else title for label, title in titles.items()}


def _with_settings(title: str, words: list[str]) -> str:
    """Return a title with settings in brackets, in those that it ends with if it has any."""
    if not words:
        return title
    before = f"{title[:-1]}, " if title.endswith(")") else f"{title} ("
    return f"{before}{', '.join(words)})"


def accuracies_words(dataset: str) -> str:
    """Return how tables name the dataset whose early accuracies a search is shown in place of the searched one's."""
    return f"accuracies of {dataset_title(dataset)}"


def _difference(name: str, value: Any) -> str:
    """Return a setting in which searches of one algorithm differ."""
    if name == "proxy":
        return proxy_title(value)
    if name == "proxies":
        return " + ".join(map(proxy_title, value))
    if name == "constraint":
        return constraint_words(value)
    if name == "accuracies_of":
        return accuracies_words(value)
    grouped = isinstance(value, int) and abs(value) >= 10_000
    shown = f"{value:,}".replace(",", "\N{THIN SPACE}") if grouped else value
    return f"{SYMBOLS.get(name, name.replace('_', ' '))} = {shown}"


def _short_title(settings: dict[str, Any]) -> str:
    if settings["algorithm"] in BY_PROXY and isinstance(settings.get("proxy"), str):
        return BY_PROXY[settings["algorithm"]].format(proxy_title(settings["proxy"]))
    title = get_algorithm(settings["algorithm"]).title
    acronym = re.fullmatch(r".*\(([A-Z][\w-]*[A-Z][\w-]*)\)", title)
    return acronym[1] if acronym else title.partition(" by ")[0]


def tex_title(title: str) -> str:
    """Return a title of :func:`search_titles` as TeX, ``N = 100`` set as mathematics."""
    text = escape(title).replace("\N{THIN SPACE}", r"\,")
    return re.sub(r"\b([A-Z]) = ([\d\\,]+\d|\d)", r"$\1{=}\2$", text)


def by_group(searches: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return ``{group: labels}`` in the order of :data:`GROUPS`, groups without a search left out."""
    groups: dict[str, list[str]] = {group: [] for group in GROUPS}
    for label, settings in searches.items():
        groups[search_group(settings)].append(label)
    return {group: labels for group, labels in groups.items() if labels}
