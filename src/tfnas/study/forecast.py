"""What a study is about to train and to score, in counts and, for trainings, in rough hours: said before it starts.

No torch is imported.
"""

from functools import cache

import numpy as np

from tfnas.datasets.sources import dataset_shape
from tfnas.networks.skeleton import Skeleton
from tfnas.spaces.nats_tss import OPERATIONS, SPACE
from tfnas.study.study import Study

SECONDS_PER_VALUE = 17e-9
"""Processor seconds of one value of a feature map in one training step of one image, forward and backward.

One core of an AMD EPYC took 21e-9 for the digits benchmark (:func:`seconds_of_training` solved for it). It took 14e-9
to 25e-9 for 10 to 24 random cells with 4 to 16 channels on images of 16 and 32 pixels, busy with other work."""

FORWARD = 1 / 3
"""What a forward pass costs of a training step."""


def forecast(study: Study) -> list[str]:
    """Return what the study trains and scores, a sentence for each dataset that is trained and one for all scores."""
    lines = [_training(study, name) for name in study.datasets_with("trained")]
    return [*lines, _scoring(study)] if study.computes and study.families else lines


def _training(study: Study, dataset: str) -> str:
    recipe, cells = study.recipe, len(np.unique(SPACE.classes))
    networks = cells * recipe["seeds"]
    hours = _hours(networks * seconds_of_training(study, dataset))
    return (
        f"Ground truth of {dataset}: {networks:,} networks are to be trained ({cells:,} distinct cells, "
        f"{_count(recipe['seeds'], 'seed')} each; {recipe['epochs']} epochs of {recipe['train_size']:,} images), less "
        f"what is finished. That takes {hours} of one CPU core, right within a factor of three; a GPU is faster."
    )


def _scoring(study: Study) -> str:
    from tfnas.proxies.registry import get_family

    scoring = study.config["scoring"]
    scored = [(name, get_family(name)) for folder in study.score_folders for name in study.scored_in(folder)]
    building = {name for name, family in scored if "networks" in family.asks}  # the rest counts
    counts = [
        study.count_to_score(name) * scoring["repeats"] * family.draws for name, family in scored if name in building
    ]
    images = ", ".join(f"{study.batch_size(name)} of {name}" for name in study.datasets)
    said = (
        f"Scores: {sum(counts) * len(study.datasets):,} networks are to be scored "
        f"({_count(len(building), 'family', 'families')} of proxies; images: {images}), less what is finished."
    )
    if "cell" not in study.space.offers:
        return said
    passes = sum(study.batch_size(name) * mean_values(skeleton_of(study, name)) for name in study.datasets)
    hours = _hours(sum(counts) * passes * FORWARD * SECONDS_PER_VALUE)
    return f"{said} A forward pass of each takes {hours} of one CPU core; most proxies take a multiple of that."


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def _hours(seconds: float) -> str:
    """Return a duration with one significant digit, in hours, or in minutes below one hour."""
    if seconds < 60:
        return "less than a minute"
    number, unit = (seconds / 60, "minute") if seconds < 3600 else (seconds / 3600, "hour")
    return f"about {_count(round(float(f'{number:.0e}')), unit)}"


def seconds_of_training(study: Study, dataset: str) -> float:
    r"""Return the processor seconds of one training of an average distinct cell on one core, roughly.

    .. math::
        t = k \, v \, \left(e \, n_{train} + \tfrac{1}{3} (2 n_{valid} + n_{test})\right)

    with k = :data:`SECONDS_PER_VALUE`, v the mean number of values in the feature maps of one image, e epochs and n the
    images of a split.
    """
    recipe = study.recipe
    steps = recipe["epochs"] * recipe["train_size"]
    looks = 2 * recipe["valid_size"] + recipe["test_size"]
    return SECONDS_PER_VALUE * mean_values(skeleton_of(study, dataset)) * (steps + FORWARD * looks)


def skeleton_of(study: Study, dataset: str) -> Skeleton:
    """Return the skeleton of the networks of a dataset; its classes do not matter here."""
    _, channels, size = dataset_shape(dataset, study.images(dataset))
    return Skeleton(**study.config["skeleton"], image_channels=channels, image_size=size)


@cache
def mean_values(skeleton: Skeleton) -> float:
    """Return the mean number of values in the feature maps of one image, over the distinct cells of the space.

    Each operation but ``none`` makes a map of its stage's size, each residual block three, the stem one.
    """
    digits = SPACE.digits(np.unique(SPACE.classes))
    operations = float((digits != OPERATIONS.index("none")).sum(axis=1).mean())
    maps = {"cell": operations, "residual": 3.0}
    inside = sum(maps[block.kind] * block.channels * block.size**2 for block in skeleton.blocks())
    return inside + skeleton.channels * skeleton.image_size**2
