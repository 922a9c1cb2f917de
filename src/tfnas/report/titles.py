"""How datasets are called in the report."""

DATASET_TITLES = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "ImageNet16-120": "ImageNet16-120",
    "digits": "Digits",
}
"""Printed names of datasets; any other dataset is printed by its name."""


def dataset_title(name: str) -> str:
    """Return the printed name of a dataset."""
    return DATASET_TITLES.get(name, name)
