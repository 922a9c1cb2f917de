"""Our searches beside published ones."""

from tfnas.analysis.published import CHANCE, DIFFERS, TOLERATED, UNKNOWN, WITHIN
from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.titles import dataset_title
from tfnas.schemas.published import SCHEMA as PUBLISHED
from tfnas.truth.metric import SPLITS

SPEC = Topic(needs={"against": "summaries/published.csv"}, when=lambda study: study.compares_published)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add how many published means have which verdict, and the one farthest from ours in its standard deviations.

    ``published.compared`` counts means of validation and test accuracy that were published or computed from published
    data, with a verdict; ``published.unknown`` those without one, ``published.quoted`` those that others quote.
    ``published.beyond_chance`` of ``published.with_z`` have a z beyond :data:`CHANCE`; ``published.widest`` is the
    largest difference among those without a verdict.
    """
    table = PUBLISHED.read(inputs.against)
    own = table[table["evidence"] != "S"]
    judged = own[own["verdict"] != UNKNOWN]
    verdicts = {"within": WITHIN, "tolerated": TOLERATED, "differs": DIFFERS}
    found = {name: int((judged["verdict"] == verdict).sum()) for name, verdict in verdicts.items()}
    unjudged = {"unknown": len(own) - len(judged), "quoted": len(table) - len(own)}
    known = own["z"].dropna().abs()
    chance = {"with_z": known.size, "beyond_chance": int((known > CHANCE).sum())}
    numbers.add_all("published", "count", compared=len(judged), **found, **unjudged, **chance)
    unknown = own[own["verdict"] == UNKNOWN]
    if not unknown.empty:
        widest = unknown.loc[unknown["difference"].abs().idxmax()]
        numbers.add("published.widest.difference", widest["difference"], "accuracy")
        numbers.title("published.widest.title", widest["method"])
        numbers.add("published.widest.dataset", dataset_title(widest["dataset"]), "text")
    spread = judged[judged["theirs_std"] > 0]
    if spread.empty:
        return
    farthest = spread.loc[(spread["difference"].abs() / spread["theirs_std"]).idxmax()]
    difference, deviation = farthest["difference"], farthest["theirs_std"]
    numbers.add_all("published.farthest", "accuracy", difference=difference, std=deviation)
    numbers.title("published.farthest.title", farthest["method"])
    numbers.add("published.farthest.dataset", dataset_title(farthest["dataset"]), "text")
    metric = SPLITS[farthest["metric"]]
    numbers.add("published.farthest.metric", metric, "text")
