"""tfnas: training-free neural architecture search as a reproducible study."""

__version__ = "0.1.0"
