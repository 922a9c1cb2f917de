"""Models of ``scoring``: which proxies, how they are computed, and scores that were computed elsewhere."""

from typing import Annotated, Literal

from pydantic import Field

from tfnas.proxies.registry import ensembles, families, proxy_names
from tfnas.spaces.nats_tss import SPACE_SIZE
from tfnas.study.models.types import Count, ForEachDataset, Named, OwnName, PathText, Section, Unique

AtLeastTwo = Annotated[int, Field(ge=2)]
ProxyName = Annotated[str, Named("proxy", proxy_names), Field(description="A proxy of the registry.")]
EnsembleName = Annotated[str, Named("ensemble", ensembles), Field(description="An ensemble of the registry.")]
FamilyName = Annotated[str, Named("family", families)]


class GivenTable(Section):
    """The table of a dataset."""

    path: PathText = Field(
        description="A table (.csv, .csv.gz, .parquet) of all cells: `arch`, and a column of raw values for each name; "
        "or `arch`, `proxy` and `raw` or `score`."
    )
    columns: dict[str, str] = Field({}, description="Names of the columns, as `ours: theirs`, where they differ.")


class OwnScore(Section):
    """One score of your own."""

    title: str | None = Field(None, description="Printed name; null: the name itself.")
    direction: Literal[1, -1] = Field(
        description="1 if a larger value promises a better network, -1 if a smaller one does."
    )
    source: str = Field(
        description="Where the values come from, in words: who computed them, how, on what. The report prints it."
    )
    failure: str | None = Field(
        None, description="Why some cells have no value; null: every cell must have one, or a reason in the table."
    )


class EnsembleChoice(Section):
    """Choose for every dataset, by the accuracies of the others alone, the log-rank sum that ranks best.

    It is a sum of a few proxies, and at least 2 datasets are needed.
    """

    proxies: Annotated[list[Annotated[str, Field(description="One of `scoring.proxies`.")]], Unique] = Field(
        [], description="The proxies to choose from, all among `scoring.proxies`; none: no choice is made."
    )
    largest: Count = Field(4, description="Most members of an ensemble, at most as many as `proxies`.")


class Scoring(Section):
    """The proxies and how they are computed."""

    scores: Literal["computed", "shipped", "table"] = Field(
        "computed",
        description="Where the scores of `proxies` come from. `computed`: here, chunk by chunk; `shipped`: read from "
        "the folder `shipped`; `table`: read from `tables`.",
    )
    shipped: PathText | None = Field(
        None,
        description="Folder with {dataset}/{family}.parquet and .json for each family, as tools/ship_scores.py writes "
        "them, used when `scores` is shipped; further `scorings` are in {dataset}.scoring-1/ and so on.",
    )
    tables: dict[str, GivenTable] = Field(
        {},
        description="Tables of scores of your own, one for each dataset: needed where `own` names any, and with "
        "`scores: table`. docs/proxies.md says what a table may look like.",
    )
    own: dict[OwnName, OwnScore] = Field(
        {},
        description="Scores of your own by a name of your choice, read from `tables`. Searches, ensemble choices and "
        "the report take such a name like one of `proxies`.",
    )
    proxies: Annotated[list[ProxyName], Unique] = Field(
        ["naswot"], description="The proxies to score every cell with. With `scores: table` none unless you name some."
    )
    ensembles: Annotated[list[EnsembleName], Unique] = Field(
        [], description="Scores made of the scores of several proxies, which must all be among `proxies`."
    )
    ensemble_choice: EnsembleChoice = EnsembleChoice()
    batch_size: ForEachDataset[AtLeastTwo] = Field(
        128, description="Images of the fixed mini-batch: one number, or one for each dataset."
    )
    first_images: dict[FamilyName, AtLeastTwo] = Field(
        {},
        description="Families of proxies that look at no more than so many images of the mini-batch, the first ones: "
        "`{gradients: 64}` is what their authors took.",
    )
    cells: Literal["all"] | Count = Field(
        "all",
        description="How many of the architectures with ground truth the study works on, a *pool*: `all`, or a number. "
        "The master seed decides which; a larger pool holds a smaller one. Needed where a space is too large to be "
        "scored as a whole.",
    )
    repeats: Count = Field(1, description="Initialisations averaged per cell.")
    scorings: Count = Field(
        1,
        description="Independent score tables of the proxies that searches read, each of other initialisations: run r "
        "of a search reads table r modulo this number. 1: every run reads the same scores, and how far searches depend "
        "on these stays unknown.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto",
        description="Where scoring and training run. `auto`: the GPU where there is one. Seconds are results, so a "
        "change computes again.",
    )
    cells_per_job: Count = Field(
        1024,
        description="Cells of one scoring job: enough that a job lasts minutes (tens to hundreds on CPU, thousands on "
        "GPU). Scores do not depend on it. Best a multiple of 256, the most networks that run together: a group that "
        "the end of a job cuts is run by both jobs.",
    )
    share_classes: bool = Field(
        True,
        description="Score one representative per class of cells whose scores have the same distribution, and give its "
        "score to the whole class.",
    )
    noise_cells: int = Field(
        64,
        ge=0,
        le=SPACE_SIZE,
        description="Cells that are scored again with two initialisations on each of two mini-batches, to say how far "
        "a score depends on chance. 0: none; shipped scores have none.",
    )
