"""The model of a whole study file."""

from typing import Annotated

from pydantic import Field

from tfnas.spaces.registry import DEFAULT, space_names
from tfnas.study.models.datasets import Dataset, Training
from tfnas.study.models.scoring import Scoring
from tfnas.study.models.search import Searches
from tfnas.study.models.types import DatasetName, Label, Named, Section


class Report(Section):
    """The report."""

    published: bool = Field(
        False, description="Show published results beside ours (only where the study is NATS-Bench's topology space)."
    )


class StudyFile(Section):
    """One study: what is scored, searched and reported."""

    study: Label = Field(
        description="Name of the study; its results lie in `results/{study}/`. Lower-case letters, digits and hyphens."
    )
    title: str = Field("Training-free neural architecture search", description="Title of the report.")
    space: Annotated[str, Named("search space", space_names)] = Field(
        DEFAULT, description="The search space that all datasets of the study share."
    )
    seed: int = Field(2026, ge=0, description="Master seed; every random number of the study is drawn from it by name.")
    skeleton: dict[str, int | str] = Field(
        {},
        description="Sizes of the networks, by the names that the search space gives them; docs/spaces.md lists them. "
        "`nats-tss`: `channels`, C of the first stage, 16; `cells_per_stage`, N, 5.",
    )
    datasets: dict[DatasetName, Dataset] = Field(
        min_length=1,
        description="The datasets of the study, by name: a name of the dataset registry, or any name with "
        "`images.path` naming an .npz of your own.",
    )
    scoring: Scoring = Scoring()
    search: Searches = Searches()
    training: Training = Training()
    report: Report = Report()
