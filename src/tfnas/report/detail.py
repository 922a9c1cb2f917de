"""How much an exhibit shows before it changes its form: templates, whose captions describe it, ask the same."""

MOST_WITH_DIFFERENCES = 11
"""Searches up to which the squares of the picture are large enough for the differences."""

MOST_IN_FULL = 4
"""Names of which the table of correlations is short enough to stand in the text; with more it breaks over pages."""

MOST_WITH_STD = 4
"""Datasets up to which the table of all candidates has room for standard deviations."""

MOST_WITH_VALUES = 12
"""Names up to which the squares of the picture are large enough for their values."""
