"""The official files of NAS-Bench-101, read without TensorFlow.

A TFRecord file is a row of frames: the length of the payload (8 bytes, little-endian), 4 bytes of checksum, the
payload, 4 bytes of checksum. A payload is a JSON list: hash, epochs, adjacency string, operations, and in base64 a
protocol buffer ``ModelMetrics``: field 1 repeated ``EvaluationData`` (start, half, end), 2 trainable parameters, 3
seconds in all. ``EvaluationData``: 1 epoch, 2 seconds of training so far, 3 training, 4 validation, 5 test
accuracy, as doubles. Three records, one a training, stand there for each graph and number of epochs.
"""

import base64
import binascii
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from tfnas.errors import TruthError
from tfnas.runtime.progress import progress

FULL, EARLY = 108, 12
"""Epochs of a full training, and of the one whose accuracies stand for early ones."""


class Trained(NamedTuple):
    """One training: graph hash, epochs, parameters, seconds, accuracies in percent after the last epoch."""

    arch: str
    epochs: int
    params: int
    seconds: float
    valid_accuracy: float
    test_accuracy: float


def read_records(path: Path) -> pd.DataFrame:
    """Return an official file as a table of ground truth: means over the trainings of each graph.

    Columns are ``arch``, ``params``, ``valid_accuracy``, ``test_accuracy`` (percent, 108 epochs) and, where the file
    holds trainings of 12 epochs, ``early_valid_accuracy`` and ``early_seconds``.

    Raises:
        TruthError: the file is missing, cut or of another form, or holds no training of 108 epochs.
    """
    size = _size(path)
    with progress(size, "bytes") as advance:
        rows = pd.DataFrame(_trained(path, advance), columns=list(Trained._fields))
    means = {epochs: part.groupby("arch", sort=False).mean() for epochs, part in rows.groupby("epochs")}
    if FULL not in means:
        raise TruthError(
            f"'{path}' holds no training of {FULL} epochs: give nasbench_only108.tfrecord or the full file."
        )
    full = means[FULL]
    table = full[["params", "valid_accuracy", "test_accuracy"]].copy()
    table["params"] = table["params"].astype(int)
    if EARLY in means:
        early = means[EARLY].reindex(full.index)
        table["early_valid_accuracy"], table["early_seconds"] = early["valid_accuracy"], early["seconds"]
    return table.reset_index()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise TruthError(f"'{path}' cannot be read ({error.strerror}): download the file, or mend the path.") from None


def _trained(path: Path, advance: Any) -> Iterator[Trained]:
    for number, payload in enumerate(_payloads(path, advance)):
        try:
            arch, epochs, _, _, metrics = json.loads(payload)
            fields = _fields(base64.b64decode(metrics, validate=True))
            last = _fields(fields[1][-1])
            seconds, valid, test = (_double(last[key][0]) for key in (2, 4, 5))
            yield Trained(arch, epochs, fields[2][0], seconds, 100 * valid, 100 * test)
        except (ValueError, KeyError, IndexError, TypeError, struct.error, binascii.Error) as error:
            raise TruthError(
                f"Record {number} of '{path}' is not one of NAS-Bench-101 ({type(error).__name__}): download it again."
            ) from None


def _payloads(path: Path, advance: Any) -> Iterator[bytes]:
    with path.open("rb") as file:
        while head := file.read(12):
            length = struct.unpack("<Q", head[:8])[0] if len(head) == 12 else -1
            payload = file.read(length) if 0 <= length < 1 << 20 else b""
            if len(payload) != length or len(file.read(4)) != 4:
                place = file.tell()
                raise TruthError(f"'{path}' is no TFRecord file, or was cut at byte {place:,}: download it again.")
            advance(len(head) + length + 4)
            yield payload


def _double(raw: Any) -> float:
    return float(struct.unpack("<d", raw)[0])


def _fields(message: bytes) -> dict[int, list[Any]]:
    """Return the fields of a protocol buffer: whole numbers, or the bytes of doubles and of messages, by number."""
    fields: dict[int, list[Any]] = {}
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        kind = tag & 7
        if kind == 0:
            value, place = _varint(message, place)
            fields.setdefault(tag >> 3, []).append(value)
            continue
        length = {1: 8, 5: 4}.get(kind)
        if kind == 2:
            length, place = _varint(message, place)
        if length is None or place + length > len(message):
            raise ValueError("no protocol buffer")
        fields.setdefault(tag >> 3, []).append(message[place : place + length])
        place += length
    return fields


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
