"""A study as read from YAML, checked, with every default filled in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tfnas.spaces.registry import get_space
from tfnas.study.checks import check_study
from tfnas.study.layers import as_meant, take_away
from tfnas.study.models.file import StudyFile
from tfnas.study.models.search import RECOMMENDED_RUNS
from tfnas.study.reading import check_yaml
from tfnas.study.results import split_of
from tfnas.study.sentences import sentence_of
from tfnas.truth.metric import VALID


def load_study(
    config: dict[str, Any], project: str | Path = "", *, layers: Sequence[tuple[str, Mapping[str, Any]]] = ()
) -> dict[str, Any]:
    """Check a study as read from YAML, and return it with every default filled in.

    Args:
        config: the study, merged from its files.
        project: folder of the workflow. A relative path of the study file is looked for in the working folder first,
            then there, so that a study that ships can be run from any folder.
        layers: name and content of each file and of ``--config``, in order, if it was merged from several: where a
            later one says null, the key is taken away (:func:`tfnas.study.layers.take_away`).

    Raises:
        ConfigError: a key or a value is wrong; the message says where, and what exists.
        DataError: a path of the study file does not exist.
    """
    for content in (*(layer for _, layer in layers), config):
        check_yaml(content)
    given = take_away(as_meant(config), layers)
    scoring = given.get("scoring")
    if isinstance(scoring, dict) and scoring.get("scores") == "table":
        scoring.setdefault("proxies", [])
    try:
        study = StudyFile.model_validate(given, context={"project": project})
    except ValidationError as error:
        raise sentence_of(error, given) from None
    filled = _in_order_of(given, study.model_dump())
    filled["skeleton"] = get_space(filled["space"]).settings_with(filled["skeleton"])
    check_study(filled)
    return filled


def _in_order_of(given: Any, filled: Any) -> Any:
    """Return a filled study in the order of the file: what it gives first, then the defaults."""
    if not isinstance(given, dict) or not isinstance(filled, dict):
        return filled
    return {key: _in_order_of(given.get(key), filled[key]) for key in dict.fromkeys([*given, *filled])}


def warnings_of(study: dict[str, Any]) -> list[str]:
    """Return what is allowed and yet probably not meant, a sentence each."""
    runs, said = study["search"]["runs"], []
    if study["search"]["use"] and runs < RECOMMENDED_RUNS:
        said.append(f"search.runs is {runs}: at least {RECOMMENDED_RUNS} are recommended to tell searches apart.")
    if all(split_of(study, name) == VALID for name in study["datasets"]):
        said.append(
            "The ground truth has validation accuracies alone: they are reported, and what the chosen architectures "
            "reach on test images is unknown."
        )
    return said
