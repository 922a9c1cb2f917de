"""Ground truth from a ready table (.parquet, .csv or .csv.gz) whose columns may have other names."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfnas.errors import ConfigError, TruthError
from tfnas.files import facts_path, read_json, section, sentence
from tfnas.letters import check_letters
from tfnas.networks.skeleton import Skeleton
from tfnas.spaces.registry import DEFAULT, get_space
from tfnas.truth.counts import check_counts, stated_skeleton
from tfnas.truth.given_tables import absent_columns, read_given, same_column
from tfnas.truth.metric import TEST, VALID, Metric
from tfnas.truth.schema import ACCURACIES, COLUMNS, OPTIONAL, missing_cells, require_complete, validate, write_truth

log = logging.getLogger("tfnas")


def convert(
    path: str | Path,
    dataset: str,
    columns: Mapping[str, str] | None,
    output: str | Path,
    allow_incomplete: bool = False,
    skeleton: Mapping[str, int] | None = None,
    space: str = DEFAULT,
    metric: Mapping[str, Any] | None = None,
) -> None:
    """Turn a ready table into the ground truth of a dataset.

    If the table has a JSON of facts beside it (same name, ``.json``), its source, licence, citation and the sentences
    on what each accuracy means are kept; else the JSON of the output says that the table does not state them.

    Args:
        path: the table.
        dataset: the dataset that the accuracies belong to.
        columns: ``{ours: theirs}`` for columns with other names; columns left out are expected under our name.
        output: the ground truth to write, ``name.parquet``.
        allow_incomplete: whether a table that lacks cells is used all the same.
        skeleton: of the study's networks (:data:`tfnas.truth.counts.KEYS`), which the table's parameters and FLOPs are
            held against unless its JSON states the skeleton of its own networks; None where neither is known.
        space: name of the search space of the cells.
        metric: what the accuracies are (:meth:`tfnas.truth.metric.Metric.of`), where the study file says it; None: the
            JSON beside the table says it, and else they are accuracies in percent. Of a metric that is better when
            smaller the values are written with their sign turned.

    Raises:
        ConfigError: ``columns`` maps a column that the schema does not have.
        DataError: the table is missing, damaged or of another form.
        TruthError: it lacks a column or a cell, a value is out of range, or parameters or FLOPs are not those of its
            cells.
    """
    path, columns = Path(path), dict(columns or {})
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise ConfigError(
            f"truth.columns of {dataset} maps {', '.join(unknown)}, which ground truth does not have: "
            f"use {', '.join(COLUMNS)} on the left."
        )
    place, key = f"'{path}'", f"truth.columns of {dataset}"
    known = get_space(space)
    if path.name.endswith((".json", *known.published)):
        theirs = known.official(path)
    else:
        theirs = known.truth_of(read_given(path, [columns.get("arch", "arch")]))
    names = {ours: columns.get(ours, ours) for ours in COLUMNS}
    absent = {ours: name for ours, name in names.items() if name not in theirs.columns}
    if needed := _missed(theirs.columns, columns, names, absent):
        raise absent_columns(place, needed, theirs.columns, key)
    table = theirs[[name for ours, name in names.items() if ours not in absent]]
    table = table.set_axis([ours for ours in names if ours not in absent], axis="columns")
    given = metric_of(path, metric, dataset)
    for column in {VALID, TEST} & set(table.columns):
        if table[column].isna().all():
            raise TruthError(f"Column {names[column]} of {place} is empty: fill it or remove it.")
    table = validate(table, place, known, given)
    by_cells = "cell" in known.offers
    stated = stated_skeleton(_stated(path), f"'{facts_path(path)}'") if by_cells else None
    scored = Skeleton(**skeleton) if by_cells and skeleton is not None else None
    if (shape := stated or scored) is not None:
        check_counts(table, shape, place)
    if stated is not None and scored is not None and stated != scored:
        log.warning("%s holds networks of another skeleton than those that the study scores.", place)
    require_complete(missing_cells(table, known), len(table), place, allow_incomplete)
    lacking = [column for column in OPTIONAL if table[column].isna().all() and column != "index"]
    if untold := [column for column in lacking if column != TEST]:
        log.warning("%s has no %s: searches that need them are impossible on it.", place, ", ".join(untold))
    if TEST in lacking:
        log.warning("%s has no %s: %s is reported in its place.", place, TEST, VALID)
    if given.direction < 0:
        table[list(ACCURACIES)] *= -1.0
    facts = _facts(path, dataset, names, lacking, given)
    write_truth(table, facts | {"space": space, "metric": given.kept.facts}, output)


def metric_of(path: str | Path, told: Mapping[str, Any] | None, dataset: str) -> Metric:
    """Return what the accuracies of a ready table are: by the study file, or by the JSON beside the table.

    Args:
        path: the table.
        told: ``truth.metric`` of the study file, None where it says nothing.
        dataset: the dataset, for messages.

    Raises:
        TruthError: both say something, and not the same; or one of them says what cannot be.
    """
    key, beside = f"datasets.{dataset}.truth.metric", f"'metric' in '{facts_path(path)}'"
    stated = _stated(Path(path)).get("metric")
    ours, theirs = Metric.of(told, key), Metric.of(stated, beside)
    if told is not None and stated is not None and ours != theirs:
        raise TruthError(f"{key} is another one than {beside}: remove one of the two.")
    return ours if told is not None else theirs


def _missed(
    has: Sequence[str], mapped: Mapping[str, str], names: Mapping[str, str], absent: Mapping[str, str]
) -> dict[str, str]:
    """Return the columns that a table should have and lacks, as ``{ours: theirs}``.

    One that may be left out is missed if it was mapped, or is there in another spelling. An accuracy is missed where
    both are absent, or a column that nobody reads has its split in its name.

    Args:
        has: the columns of the table.
        mapped: what the study file maps.
        names: name of each of our columns in the table.
        absent: those of ``names`` that it lacks.
    """
    missed = {ours for ours, name in absent.items() if ours in mapped or same_column(name, has) is not None}
    unread = {str(name).lower() for name in set(has) - set(names.values())}
    for column, letters in ((VALID, "val"), (TEST, "test")):
        missed |= {column} if any(letters in name for name in unread) else set()
    missed |= {TEST} if {VALID, TEST} <= set(absent) else set()
    missed |= set(absent) - set(OPTIONAL)
    return {ours: name for ours, name in absent.items() if ours in missed}


def _stated(path: Path) -> dict[str, Any]:
    beside = facts_path(path)
    return read_json(beside) if beside != path and beside.exists() else {}


def _check_images(stated: dict[str, Any], place: Path) -> None:
    """Refuse a number of test images that is none: the report says what so many can tell apart."""
    sizes = section(stated, "split_sizes", place)
    for key, count in (("test_images", stated.get("test_images")), ("split_sizes: test", sizes.get("test"))):
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
            raise TruthError(
                f"'{key}' in '{place}' is {count!r} where a number of images is needed: mend or remove it."
            )


def _facts(path: Path, dataset: str, names: dict[str, str], lacking: Sequence[str], metric: Metric) -> dict[str, Any]:
    """Return the facts of the output: what the JSON beside the table says, else what is known."""
    place = facts_path(path)
    stated = _stated(path)
    check_letters(stated, f"'{place}'", TruthError)
    _check_images(stated, place)
    accuracies = dict(section(stated, "accuracies", place))
    for column in ACCURACIES:
        default = f"{metric.meaning(column)}; column {names[column]} of {path.name}, whose facts do not say more"
        if column in lacking:
            default = "the table does not have it"
        accuracies[column] = sentence(accuracies, column, default, place)
    return {
        **stated,
        "dataset": dataset,
        "source": sentence(stated, "source", f"the table {path.name}", place),
        "accuracies": accuracies,
        "licence": sentence(stated, "licence", "not stated with the table", place),
        "cite": sentence(stated, "cite", "not stated with the table", place),
        "mapped": {ours: theirs for ours, theirs in names.items() if ours != theirs},
    }
