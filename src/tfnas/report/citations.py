"""Whether the bibliography has what the report cites of a study."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfnas.errors import ReportError
from tfnas.proxies.registry import describe, ensembles
from tfnas.search.registry import get_algorithm


def known_keys(bibliography: str | Path) -> set[str]:
    """Return the keys of the entries of a bibliography (.bib).

    Raises:
        ReportError: the file does not exist.
    """
    try:
        text = Path(bibliography).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ReportError(f"'{bibliography}' does not exist: restore the bibliography.") from None
    return set(re.findall(r"^@\w+\{([^,\s]+),", text, flags=re.MULTILINE))


def check_references(study: dict[str, Any], scored: Iterable[str], folder: str | Path) -> None:
    """Refuse a study whose proxies, ensembles, searches or published rows cite what the bibliography lacks.

    Scores of a user's own cite nothing: their source is told in words.

    Args:
        study: what :func:`tfnas.study.load.load_study` returned.
        scored: names of its proxies, ensembles and given scores.
        folder: the folder of the report, with ``refs.bib`` and ``published.yaml``.

    Raises:
        ReportError: names who cites the first key that is missing.
    """
    bibliography = Path(folder) / "refs.bib"
    known, combined = known_keys(bibliography), ensembles()
    cited = {
        f"{'ensemble' if name in combined else 'proxy'} '{name}'": describe(name).reference[0]
        for name in scored
        if name not in study["scoring"]["own"]
    }
    algorithms = {settings["algorithm"] for settings in study["search"]["use"].values()}
    cited |= {f"search '{name}'": get_algorithm(name).reference for name in sorted(algorithms)}
    if study["report"]["published"]:
        published = Path(folder) / "published.yaml"
        text = published.read_text(encoding="utf-8") if published.exists() else ""
        keys = sorted(set(re.findall(r"^ *(?:- )?cite: *[\"']?([^\s\"'#]+)", text, flags=re.MULTILINE)))
        cited |= {f"a row of '{published}' ({key})": key for key in keys}
    for who, key in cited.items():
        if key and key not in known:
            raise ReportError(f"The reference of {who} is '{key}', which '{bibliography}' lacks: add an entry.")
