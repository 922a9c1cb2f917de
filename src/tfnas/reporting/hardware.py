"""What the report shows of costs: fronts beside the true ones, their quality, and sub-spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def cost_title(cost: str) -> str:
    """Return a cost with its unit."""
    return {"params": "parameters", "flops": "FLOPs (millions)"}.get(cost, f"latency on {cost} (ms)")
