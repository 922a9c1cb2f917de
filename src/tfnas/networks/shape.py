"""What surrounds an architecture whose networks are modules: images, classes, and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfnas.networks.skeleton import Skeleton

if TYPE_CHECKING:
    from tfnas.spaces.base import Space


@dataclass(frozen=True)
class Shape:
    """Everything about a network that is not its architecture.

    Args:
        classes: outputs of the classifier.
        image_channels: channels of the images.
        image_size: height and width of the images in pixels.
        settings: the sizes that the space leaves open (:attr:`tfnas.spaces.base.Space.settings`), by name.
    """

    classes: int = 10
    image_channels: int = 3
    image_size: int = 32
    settings: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """All of it by name, as the facts of tables hold it."""
        sizes = {"classes": self.classes, "image_channels": self.image_channels, "image_size": self.image_size}
        return {**self.settings, **sizes}


def shape_of(space: Space, settings: Mapping[str, Any], images: Any, classes: int) -> Any:
    """Return what surrounds the architectures of a space on images, an array of shape (n, C, H, W)."""
    if "cell" in space.offers:
        return Skeleton.for_images(settings, images, classes)
    return Shape(classes, images.shape[1], images.shape[2], settings)


def shape_in(space: Space, facts: Mapping[str, Any]) -> Any:
    """Return what :func:`shape_of` returned, from what the facts of a table say of it."""
    if "cell" in space.offers:
        return Skeleton(**facts)
    sizes = {name: facts[name] for name in ("classes", "image_channels", "image_size")}
    return Shape(**sizes, settings={name: size for name, size in facts.items() if name not in sizes})
