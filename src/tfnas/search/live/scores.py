"""Scores that are computed when a search first looks at them, in the process that searches."""

import logging
import math
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from tfnas.errors import ProxyError
from tfnas.networks.shape import shape_of
from tfnas.proxies.registry import family_of, get_family, get_proxy, proxy_names
from tfnas.runtime.progress import hushed
from tfnas.scoring.chunk import Draws, networks_per_pass, score_cells
from tfnas.spaces.base import Space

log = logging.getLogger("tfnas")

EVERY = 10.0
"""Seconds between two lines of progress."""


class LiveScorer:
    """Architectures of a space, scored on one mini-batch when they are first asked for, and remembered.

    The weights of a network are named by its string and repeat. So a value depends neither on when it is asked for nor
    on what was scored before.

    Args:
        space: the search space.
        images: mini-batch on the device to be used, shape (B, C, H, W), normalised.
        labels: its labels, shape (B,), int64, or None where nobody knows them.
        wanted: names of the proxies that a search reads.
        sizes: of the networks, by name (:attr:`tfnas.spaces.base.Space.settings`).
        draws: which initialisations each architecture gets.

    Attributes:
        known: raw value, seconds and reason by proxy and code.

    Raises:
        ProxyError: a proxy needs labels that nobody knows, or a whole pool of scores, as ensembles do.
    """

    def __init__(
        self,
        space: Space,
        images: Tensor,
        labels: Tensor | None,
        wanted: Sequence[str],
        sizes: Mapping[str, Any],
        draws: Draws,
    ):
        self.space, self.images, self.draws = space, images, draws
        for name in wanted:
            if name not in proxy_names():
                raise ProxyError(f"'{name}' is no proxy that can be computed for one network: give a score table.")
            if labels is None and "labels" in get_proxy(name).requires:
                raise ProxyError(f"Proxy '{name}' needs labels, and the images have none: give them.")
            if "cell" not in space.offers and "cell" in get_proxy(name).requires:
                raise ProxyError(f"Proxy '{name}' looks into cells, which the space '{space.name}' does not have.")
        self.labels = labels if labels is not None else images.new_zeros(len(images)).long()
        self.shape = shape_of(space, sizes, images, max(int(self.labels.max()) + 1, 2))
        self.wanted: dict[str, list[str]] = {}
        for name in wanted:
            self.wanted.setdefault(family_of(name), []).append(name)
        self.known: dict[str, dict[int, tuple[float, float, str]]] = {name: {} for name in wanted}
        self._together: dict[str, int] = {}
        self._scored, self._told = 0, time.perf_counter()

    def fill(self, proxy: str, codes: Collection[int]) -> None:
        """Score those of some architectures that have no value of a proxy yet, with all wanted proxies of its family.

        Raises:
            ProxyError: a proxy breaks its contract.
            DeviceError: the device failed, or has not enough memory for one network.
        """
        new = [code for code in dict.fromkeys(codes) if code not in self.known[proxy]]
        if not new:
            return
        name = family_of(proxy)
        family, wanted = get_family(name), self.wanted[name]
        by_text = {self.space.text(code): code for code in new}
        draws = Draws(self.draws.repeats * family.draws, self.draws.seed, self.draws.scoring)
        cells, together = [self.space.architecture(code) for code in new], self._per_pass(name)
        with hushed():
            rows = score_cells(family, cells, self.images, self.labels, self.shape, draws, together, wanted)
        self._tell(len(new))
        found: dict[tuple[str, int], list[tuple[float, float, str]]] = {}
        for arch, of, _, raw, seconds, reason in rows:
            found.setdefault((of, by_text[arch]), []).append((raw, seconds, reason))
        for (of, code), drawn in found.items():
            raw = float(np.mean([value for value, _, _ in drawn]))
            reason = next((why for _, _, why in drawn if why), "")
            self.known[of][code] = (raw, sum(spent for _, spent, _ in drawn), reason)

    def _tell(self, number: int) -> None:
        """Log how many scores there are so far, at most every :data:`EVERY` seconds."""
        self._scored += number
        if time.perf_counter() - self._told >= EVERY:
            self._told = time.perf_counter()
            log.info("%d networks scored so far, each family of proxies counted", self._scored)

    def _per_pass(self, name: str) -> int:
        if "cell" not in self.space.offers:
            return 1
        if name not in self._together:
            asked = (self.images, self.labels, self.shape, self.wanted[name])
            self._together[name] = networks_per_pass(get_family(name), *asked)
        return self._together[name]


class LiveScores:
    """Scores of one proxy as one run sees them: what a look costs depends on what the run has looked at before.

    The first look of a run at an architecture costs the seconds that scoring it took, whenever that was; further
    looks cost nothing. Larger is better; a value that does not exist counts as the lowest one that the run has seen.

    Args:
        scorer: computes what is missing.
        proxy: name of the proxy.
    """

    def __init__(self, scorer: LiveScorer, proxy: str):
        self.scorer, self.proxy = scorer, proxy
        self.direction = get_proxy(proxy).direction
        self._seen: set[int] = set()
        self._lowest = math.inf

    def look(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return scores and seconds of architectures given by code, each of shape (n,)."""
        asked = codes.tolist()
        self.scorer.fill(self.proxy, asked)
        known = self.scorer.known[self.proxy]
        scores, seconds = np.array([self.direction * known[code][0] for code in asked]), np.zeros(len(asked))
        finite = np.isfinite(scores)
        self._lowest = min([self._lowest, *scores[finite].tolist()])
        for place, code in enumerate(asked):
            if code not in self._seen:
                self._seen.add(code)
                seconds[place] = known[code][1]
        return np.where(finite, scores, self._lowest if self._lowest < math.inf else 0.0), seconds
