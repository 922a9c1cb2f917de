"""Models of ``datasets`` and ``training``: images, ground truth, latencies, and the recipe of a training."""

from typing import Annotated, Literal

from pydantic import Field

from tfnas.datasets.registry import dataset_names
from tfnas.study.models.types import Count, Named, Number, PathText, Section
from tfnas.truth.schema import COLUMNS


class Images(Section):
    """Where the images come from."""

    path: PathText | None = Field(
        None,
        description="A folder in the official layout or an .npz with `images` (uint8, N x C x H x W) and `labels`. "
        "null: the copy embedded in a package, or the official download into `resources/`.",
    )


class TruthMetric(Section):
    """What the results in a ready table are, where they are no accuracies in percent."""

    name: str = Field(min_length=1, description="Name of the metric as the report prints it, for example `SSIM`.")
    unit: str = Field("", description="Its unit, `%` for percentages; nothing where it has none.")
    direction: Literal[1, -1] = Field(
        1, description="1: larger is better; -1: smaller is better, and the report gives values with their sign turned."
    )
    range: Annotated[list[float | None], Field(min_length=2, max_length=2)] = Field(
        [None, None], description="The lowest and the highest value there can be; null where there is none."
    )


class Truth(Section):
    """Where the accuracies of trained cells come from."""

    source: Annotated[str, Named("ground truth", lambda: ["archive", "table", "trained"])] = Field(
        description="`archive`: the official NATS-tss archive; `table`: a ready table; `trained`: trained here, by the "
        "recipe under `training`."
    )
    path: PathText | None = Field(
        None,
        description="The archive (folder or tar) or the table (.parquet, .csv, .csv.gz). null, for an archive only: "
        "the official download into `resources/`.",
    )
    columns: dict[Annotated[str, Named("", lambda: COLUMNS)], str] = Field(
        {}, description="Names of a ready table, as `ours: theirs`, where they differ."
    )
    metric: TruthMetric | None = Field(
        None,
        description="What the results of a ready table are. null: what the JSON beside the table says under `metric`, "
        "and else accuracies in percent.",
    )
    allow_incomplete: bool = Field(
        False,
        description="Accept ground truth that lacks cells. The missing ones are listed in the facts beside the table, "
        "and no search may look at them.",
    )


class Hardware(Section):
    """Measured latencies, for searches that limit or weigh them."""

    path: PathText | None = Field(
        None, description="A table (.parquet, .csv, .csv.gz) with `arch` and a column of milliseconds for each device."
    )
    columns: dict[str, str] = Field(
        {},
        description="Names of the columns, as `ours: theirs`, where they differ: `arch`, and devices; a device without "
        "an entry has the name of its column.",
    )


class Dataset(Section):
    """One dataset: where its images and its ground truth come from."""

    images: Images = Images()
    scored_on: Annotated[str, Named("dataset", dataset_names)] | None = Field(
        None,
        description="A dataset whose images stand in for those of this one, which nobody has here. Cells are scored on "
        "them, in networks for their shape and classes, or their shipped scores are taken. The report says so. null: "
        "the dataset's own images.",
    )
    truth: Truth
    hardware: Hardware = Hardware()


class Training(Section):
    """The recipe for datasets with `truth.source: trained`; ignored by the others."""

    epochs: Count = Field(12, description="Epochs of a full training.")
    early_epochs: Count = Field(3, description="Epochs after which a search may look (the early stop).")
    batch_size: int = Field(64, ge=2, description="Images of one step.")
    learning_rate: Number = Field(0.1, gt=0, description="Learning rate at the start.")
    momentum: Number = Field(0.9, ge=0, lt=1, description="Momentum of SGD.")
    weight_decay: Number = Field(0.0005, ge=0, description="Weight decay of SGD.")
    nesterov: bool = Field(True, description="Nesterov's momentum.")
    schedule: Literal["cosine"] = Field("cosine", description="How the learning rate falls to zero.")
    seeds: Count = Field(1, description="Training seeds averaged per cell.")
    train_size: Count = Field(600, description="Images to train on.")
    valid_size: Count = Field(600, description="Images that give the validation accuracy.")
    test_size: Count = Field(597, description="Images that give the test accuracy.")
    cells_per_job: Count = Field(500, description="Distinct cells of one training job.")
    networks_per_batch: Count = Field(100, description="Networks trained at once by the batched engine.")
