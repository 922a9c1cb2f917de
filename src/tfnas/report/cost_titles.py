"""What the report shows of costs: fronts beside the true ones, their quality, and sub-spaces."""


def cost_title(cost: str) -> str:
    """Return a cost with its unit."""
    return {"params": "parameters", "flops": "FLOPs (millions)"}.get(cost, f"latency on {cost} (ms)")
