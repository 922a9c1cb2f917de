"""How the report calls published rows and coefficients."""

from typing import Any

COEFFICIENTS = {"spearman": r"\rho", "kendall": r"\tau_b", "ndcg": r"\mathrm{nDCG}"}
"""What a published row may hold of a proxy, columns of ``summaries/correlations.csv``, with their symbols."""


def origin(row: dict[str, Any]) -> str:
    """Return how a table calls a row beside ours: published, computed from published data, or quoted by others."""
    return {"P": "published", "C": "computed from published data", "S": "quoted by others"}[row["evidence"]]
