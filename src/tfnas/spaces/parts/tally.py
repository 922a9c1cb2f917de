"""Parameters and multiply-accumulates of a network, added up layer by layer without building it. Imports no torch."""

from dataclasses import dataclass


def halved(size: int) -> int:
    """Return the height of maps after a layer of stride 2 whose padding keeps the size else."""
    return -(-size // 2)


@dataclass
class Tally:
    """The sums so far.

    Multiply-accumulates are those of one image and count as in
    :func:`tfnas.proxies.any_module.structure.count_of_flops`.

    Attributes:
        params: trainable scalars.
        macs: multiply-accumulates; normalisation, ReLUs, pooling and sums count none.
    """

    params: int = 0
    macs: int = 0

    def convolution(
        self, channels_in: int, channels: int, kernel: int, size: int, groups: int = 1, normalised: bool = True
    ) -> None:
        """Add a convolution: without bias and with batch normalisation, or with bias alone.

        Args:
            channels_in: channels of its input.
            channels: channels of its output.
            kernel: height and width of its kernels.
            size: height and width of its output.
            groups: of its channels.
            normalised: whether batch normalisation follows.
        """
        weights = channels * (channels_in // groups) * kernel**2
        self.params += weights + channels * (2 if normalised else 1)
        self.macs += weights * size**2

    def linear(self, features: int, outputs: int) -> None:
        """Add a linear layer with bias."""
        self.params += (features + 1) * outputs
        self.macs += (features + 1) * outputs
