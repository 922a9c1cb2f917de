r"""Convolution and batch normalisation that are cheap to differentiate twice.

A Hessian-vector product differentiates the gradient once more. The library's second derivatives of convolutions (one
group at a time, images and channels exchanged) and of batch normalisation (two dozen elementwise operations) take ten
times as long as the gradient itself. Within :class:`TwiceDifferentiable` both are replaced by operations whose second
derivative is made of ordinary convolutions and of the first derivative's own kernels.

Only the gradient with respect to activations can be differentiated again: gradients of weights come out as constants,
and those of the normalisation's weights are not computed at all. That is all a product :math:`\sum_l \langle y_l,
\partial L / \partial y_l \rangle` over the outputs :math:`y_l` of the convolutions needs.

Batch normalisation: with :math:`\hat x = r (x - \mu)`, :math:`r = (\sigma^2 + \epsilon)^{-1/2}` and means over a
channel's n values, its gradient is the symmetric map :math:`f(d) = \gamma r (d - \bar d - \hat x\,\overline{d \hat
x})`. For a cotangent u of f(d), the gradients of :math:`\langle u, f(d) \rangle` are f(u) with respect to d, and
:math:`-r (\overline{d \hat x}\, f(u) + \overline{u \hat x}\, f(d) + \overline{u f(d)}\, \hat x)` with respect to x.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

from tfnas.networks.batched import EPSILON


class TwiceDifferentiable(TorchFunctionMode):
    """While active, ``F.conv2d`` and ``F.batch_norm`` (training mode) are the operations of this module.

    Running statistics of normalisations are left alone.

    Attributes:
        weights: whether a backward pass computes gradients of weights. The library leaves out what nobody asked for,
            but does not tell operations such as these: switch it off for a pass that needs those of activations only.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = True

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, arguments: tuple[Any, ...] = (), options: Any = None
    ) -> Any:
        """Call the operation of this module where there is one."""
        options = options or {}
        if function is F.conv2d:
            return self._convolve(*arguments, **options)
        if function is F.batch_norm:
            return _normalise(*arguments, **options)
        return function(*arguments, **options)

    def _convolve(self, x: Tensor, weight: Tensor, stride: int = 1, padding: int = 0, groups: int = 1) -> Tensor:
        return _Convolution.apply(x, weight, (stride, padding, groups), self)


def _normalise(
    x: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor,
    bias: Tensor,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    if not training or eps != EPSILON:
        raise ValueError(f"Only normalisation by batch statistics with epsilon {EPSILON} is differentiated twice.")
    return _Normalisation.apply(x, weight, bias)


def _convolution_gradients(
    gradient: Tensor, x: Tensor, weight: Tensor, settings: tuple[int, int, int], wanted: tuple[bool, bool]
) -> tuple[Any, Any]:
    """Return the gradients of a convolution with respect to its input and its weight, where wanted."""
    stride, padding, groups = settings
    strides, paddings = [stride, stride], [padding, padding]
    return torch.ops.aten.convolution_backward(
        gradient, x, weight, None, strides, paddings, [1, 1], False, [0, 0], groups, [*wanted, False]
    )[:2]


class _Convolution(Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, settings: tuple[int, int, int], mode: TwiceDifferentiable
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.settings, ctx.mode = settings, mode
        stride, padding, groups = settings
        return torch.conv2d(x, weight, stride=stride, padding=padding, groups=groups)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_input, of_weight = None, None
        if ctx.needs_input_grad[0]:
            of_input = _InputGradient.apply(gradient, x.detach(), weight, ctx.settings)
        if ctx.needs_input_grad[1] and ctx.mode.weights:
            with torch.no_grad():
                of_weight = _convolution_gradients(gradient, x, weight, ctx.settings, (False, True))[1]
        return of_input, of_weight, None, None


class _InputGradient(Function):
    """Gradient of a convolution with respect to its input: linear in the output's gradient and in the weight."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, x: Tensor, weight: Tensor, settings: tuple[int, int, int]) -> Tensor:
        ctx.save_for_backward(gradient, weight)
        ctx.settings = settings
        return _convolution_gradients(gradient, x, weight, settings, (True, False))[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        gradient, weight = ctx.saved_tensors
        of_gradient, of_weight = None, None
        if ctx.needs_input_grad[0]:
            stride, padding, groups = ctx.settings
            of_gradient = torch.conv2d(cotangent, weight, stride=stride, padding=padding, groups=groups)
        if ctx.needs_input_grad[2]:
            of_weight = _convolution_gradients(gradient, cotangent, weight, ctx.settings, (False, True))[1]
        return of_gradient, None, of_weight, None


class _Normalisation(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        result, mean, scale = torch.native_batch_norm(x, weight, bias, None, None, True, 0.0, EPSILON)
        ctx.save_for_backward(x, weight, mean, scale)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return _NormInputGradient.apply(gradient, *ctx.saved_tensors), None, None


def _norm_gradient(gradient: Tensor, x: Tensor, weight: Tensor, mean: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Return f(gradient) and the mean of gradient times normalised x for each channel."""
    of_input, product, _ = torch.ops.aten.native_batch_norm_backward(
        gradient, x, weight, None, None, mean, scale, True, EPSILON, [True, True, False]
    )
    return of_input, product / (x.numel() // x.shape[1])


class _NormInputGradient(Function):
    """Gradient of batch normalisation with respect to its input, see the docstring of the module."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, x: Tensor, weight: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        result, correlation = _norm_gradient(gradient, x, weight, mean, scale)
        ctx.save_for_backward(x, weight, mean, scale, correlation, result)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, scale, correlation, result = ctx.saved_tensors
        of_gradient, own_correlation = _norm_gradient(cotangent, x, weight, mean, scale)
        shared = (cotangent * result).mean((0, 2, 3))

        def channels(values: Tensor) -> Tensor:
            return values[:, None, None]

        # -scale * (correlation * of_gradient + own_correlation * result + shared * normalised x)
        slope = -scale * scale * shared
        of_x = of_gradient * channels(-scale * correlation)
        of_x.addcmul_(result, channels(-scale * own_correlation))
        of_x.addcmul_(x, channels(slope)).sub_(channels(slope * mean))
        return of_gradient, of_x, None, None, None
