"""Search algorithms: ``registry`` knows them, ``base`` is what they are written in, ``runner`` runs blocks of runs.

Every other module of this package holds one search (or one family) and is found by itself: adding a search is adding a
file here, a test, and a reference.
"""

from tfnas.search.runner import run_block, run_blocks

__all__ = ["run_block", "run_blocks"]
