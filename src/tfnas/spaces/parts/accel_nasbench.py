"""The file of Accel-NASBench's authors, ``anb_dataset_jsons.tar.gz``: a JSON for each trained network.

A JSON holds ``architecture`` (``block0_e``, ``block0_k``, ``block0_l``, ``block0_se`` and so on), ``metrics``
(``val_top1`` and others) and ``platform_perf``, for example ``{"latency_zcu102": {"latency_mean": 5.0}}``.
"""

import json
import tarfile
from pathlib import Path
from typing import Any

from tfnas.errors import TruthError

LARGEST = 1 << 16
"""Bytes that the JSON of a network may have; the real ones have about two thousand."""


def read_jsons(path: Path) -> Any:
    """Return the file as a table, a DataFrame: a row for each network, in the order of their names.

    Its columns are the decisions, the metrics, and what was measured, for example ``latency_zcu102_mean``; a value that
    a network lacks is NaN.

    Raises:
        TruthError: the file is missing, damaged, or of another form.
    """
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    name = "the archive"
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name
                if member.isfile() and name.endswith(".json"):
                    rows[name] = _row(archive, member)
    except (OSError, EOFError, tarfile.TarError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TruthError(f"'{path}' is not the file of Accel-NASBench ({name}: {error}): get it again.") from None
    if not rows:
        raise TruthError(f"'{path}' is not the file of Accel-NASBench (it holds no JSON): get it again.")
    return pd.DataFrame([rows[name] for name in sorted(rows)])


def _row(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    if member.size > LARGEST:
        raise ValueError(f"{member.size:,} bytes are too many for one network")
    content = archive.extractfile(member)
    assert content is not None
    facts = json.loads(content.read())
    measured = {
        f"{kind}_mean": values[f"{kind.split('_')[0]}_mean"] for kind, values in facts.get("platform_perf", {}).items()
    }
    return {**facts["architecture"], **facts["metrics"], **measured}
