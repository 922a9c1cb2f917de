"""Write every search on every dataset, searched on the first one."""

from tfnas.products import Exhibit, Named
from tfnas.report.exhibits.search_table import write_search_table

SPEC = Exhibit(
    kind="table",
    category="Searches",
    needs={"summary": "summaries/search.csv", "published": lambda study: study.published_files},
    params=("searches", "datasets"),
    when=lambda study: len(study.datasets) > 1,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    first = params.datasets[0]
    write_search_table(inputs.summary, inputs.published, params.searches, params.datasets, output.tex, first)
