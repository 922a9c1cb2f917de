"""Draw the images of a fixed scoring mini-batch as a mosaic (the first 128 of a larger one)."""

import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tfnas.errors import ReportError
from tfnas.products import Exhibit, Named
from tfnas.report.style import figure_style, save

MOST_IMAGES = 128
"""Images of a mini-batch that its picture shows at most."""

SPEC = Exhibit(
    kind="figure",
    category="Setup",
    needs={"batch": "batches/{dataset}.npz"},
    when=lambda study: study.computes,
    each="dataset",
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw the images of a fixed scoring mini-batch as a mosaic (the first 128 of a larger one).

    The brightest pixel is white, whatever the scale of the pixels (the digits have 0 to 16).

    Raises:
        ReportError: the file holds no pixels of that shape.
    """
    pixels = read_pixels(inputs.batch)[:MOST_IMAGES]
    count, channels, height, width = pixels.shape
    pixels = np.round(pixels * (255 / max(int(pixels.max()), 1))).astype(np.uint8)
    columns = math.ceil(math.sqrt(2 * count))
    rows = -(-count // columns)
    rim = max(1, height // 16)
    mosaic = np.full((rows * (height + rim) - rim, columns * (width + rim) - rim, 3), 255, dtype=np.uint8)
    for number, image in enumerate(pixels):
        top, left = number // columns * (height + rim), number % columns * (width + rim)
        colours = image if channels == 3 else np.repeat(image[:1], 3, axis=0)
        mosaic[top : top + height, left : left + width] = colours.transpose(1, 2, 0)
    with figure_style():
        inches = 3.2
        figure = plt.figure(figsize=(inches, inches * mosaic.shape[0] / mosaic.shape[1]))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.imshow(mosaic, interpolation="nearest", aspect="auto")
        save(figure, output.pdf)


def read_pixels(batch_path: str | Path) -> np.ndarray:
    """Return the pixels of a mini-batch, uint8 of shape (B, C, H, W).

    Raises:
        ReportError: the file is missing or holds no pixels of that shape.
    """
    try:
        with np.load(batch_path) as batch:
            pixels = batch["pixels"]
    except (OSError, KeyError, ValueError) as error:
        raise ReportError(f"The mini-batch '{batch_path}' cannot be read ({error}): make it again.") from error
    if pixels.ndim != 4 or pixels.dtype != np.uint8:
        raise ReportError(
            f"The pixels of '{batch_path}' are {pixels.dtype} of shape {pixels.shape}: uint8 of shape (B, C, H, W) is "
            "needed, make the mini-batch again."
        )
    return pixels
