"""How proxies and ensembles are called in the report."""

from tfnas.proxies.registry import describe


def proxy_title(name: str) -> str:
    """Return the printed name of a proxy or an ensemble, from its registry."""
    return describe(name).title
