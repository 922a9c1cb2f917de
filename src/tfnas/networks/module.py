"""Any network that is a ``torch.nn.Module``, seen through hooks: the second engine, slow and obvious.

What proxies ask of a network is asked here of one module as its author wrote it: the inputs of its ReLUs, the outputs
of its layers, its stages, its weights. What is switched off (normalisation, dropout) is switched off on a copy. The
batched engine (:mod:`tfnas.networks.batched`) must give the same values.

ReLUs are found where they are called, as modules or functions, in place or not: ReLU, ReLU6, leaky and parametric ReLU,
whose slope changes at zero. GELU, SiLU and Hardswish have no such place and are none.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tfnas.errors import ProxyError
from tfnas.networks.batched import normalise_each_image

LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Linear)
"""Modules whose weights count as those of a layer."""

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
NORMS = (*BATCH_NORMS, nn.GroupNorm, nn.LayerNorm, nn.LocalResponseNorm, nn.InstanceNorm1d, nn.InstanceNorm2d)

RANDOM = ("dropout", "dropblock", "droppath", "stochasticdepth")
"""Names, in lower case, of modules that draw random numbers in training mode."""

RELUS = ("relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "prelu", "rrelu", "rrelu_")

SMOOTH = ("gelu", "silu", "silu_")
"""Functions that are activations without being a ReLU."""

POOLS = ("pool",)
"""Modules whose names hold this give no feature map of their own."""


def layers_of(network: nn.Module) -> list[nn.Module]:
    """Return the convolutions and linear layers of a network, each once, in the order in which it holds them."""
    return [module for module in network.modules() if isinstance(module, LAYERS)]


def weights_of(network: nn.Module) -> list[nn.Parameter]:
    """Return the weights of :func:`layers_of`, each once where layers share them."""
    return list(dict.fromkeys(layer.weight for layer in layers_of(network)))  # type: ignore[misc]


def quieted(network: nn.Module) -> nn.Module:
    """Return the network with dropout and stochastic depth switched off, all else in its mode."""
    for module in network.modules():
        if any(name in type(module).__name__.lower() for name in RANDOM):
            module.eval()
    return network


def without_normalisation(network: nn.Module) -> nn.Module:
    """Return the network with every normalisation replaced, for good, by the identity."""
    for module in network.modules():
        if isinstance(module, NORMS):
            module.forward = lambda x: x  # type: ignore[method-assign,assignment]
    return network


def normalising_each_image(network: nn.Module) -> list[int]:
    """Let every batch normalisation use, for good, the statistics of each image alone, and leave running ones alone.

    Returns:
        A list to which every normalisation, when it runs, adds how many values of a channel it saw of one image.
    """
    sizes: list[int] = []
    for module in network.modules():
        if isinstance(module, BATCH_NORMS):
            module.forward = partial(_normalised_alone, module, sizes)  # type: ignore[method-assign]
    return sizes


def _normalised_alone(module: Any, sizes: list[int], x: Tensor) -> Tensor:
    maps = x.reshape(*x.shape[:2], -1, 1)
    sizes.append(maps.shape[2])
    weight = x.new_ones(x.shape[1]) if module.weight is None else module.weight
    bias = x.new_zeros(x.shape[1]) if module.bias is None else module.bias
    return normalise_each_image(maps, weight, bias).view(x.shape)


class _Relus(TorchFunctionMode):
    """Calls functions with the input of every ReLU, before it is rectified, and with what activations give."""

    def __init__(
        self, observe: Callable[[Tensor], None], done: Callable[[Tensor], None], activated: Callable[[Tensor], None]
    ):
        super().__init__()
        self.observe, self.done, self.activated = observe, done, activated

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        found = name in RELUS or (name in ("hardtanh", "hardtanh_") and _begins_at_zero(args, kwargs))
        if found:
            self.observe(args[0] if args else kwargs["input"])
        result = func(*args, **kwargs)
        if found:
            self.done(result)
        if found or name in SMOOTH:
            self.activated(result)
        return result


def _begins_at_zero(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    return (args[1] if len(args) > 1 else kwargs.get("min_val", -1.0)) == 0


class _ReluInputs(_Relus):
    """Gives every ReLU what a function makes of its input; one that works in place still changes its own input."""

    def __init__(self, replace: Callable[[Tensor], Tensor]):
        super().__init__(_nothing, _nothing, _nothing)
        self.replace = replace

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if not (name in RELUS or (name in ("hardtanh", "hardtanh_") and _begins_at_zero(args, kwargs))):
            return func(*args, **kwargs)
        given = args[0] if args else kwargs.pop("input")
        own = self.replace(given)
        if not (name.endswith("_") or kwargs.get("inplace")):
            return func(own, *args[1:], **kwargs)
        return given.copy_(func(own.clone(), *args[1:], **kwargs))


@contextmanager
def replacing_relu_inputs(replace: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let every ReLU of the networks that run meanwhile read what ``replace`` returns for its input.

    Args:
        replace: takes the input of a ReLU and returns a tensor of the same values, of which a gradient may be asked.
    """
    with _ReluInputs(replace):
        yield


def _nothing(*_: Any) -> None:
    return None


@contextmanager
def watching(
    network: nn.Module,
    relu: Callable[[Tensor], None] = _nothing,
    rectified: Callable[[Tensor], None] = _nothing,
    activated: Callable[[Tensor], None] = _nothing,
    output: Callable[[nn.Module, tuple, Any], Any] | None = None,
) -> Iterator[None]:
    """Observe a network while it runs.

    Args:
        network: the module.
        relu: called with the input of every ReLU. An in-place ReLU overwrites it afterwards: use it at once.
        rectified: called with the output of every ReLU.
        activated: called with the output of every ReLU, GELU and SiLU.
        output: called with every module that has run, its inputs and its output; what it returns takes the output's
            place, None leaves it.
    """
    hooks = [module.register_forward_hook(output) for module in network.modules()] if output else []
    try:
        with _Relus(relu, rectified, activated):
            yield
    finally:
        for hook in hooks:
            hook.remove()


def built(build: Callable[[], nn.Module], initialisation: str, seed: int) -> nn.Module:
    """Return a new network that a seed alone decides.

    Args:
        build: returns one, with the weights that its author gives it (``default``).
        initialisation: one of :data:`tfnas.networks.reference.INITIALISATIONS`.
        seed: of the weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build()
    if initialisation != "default":
        initialise(network, initialisation, torch.Generator().manual_seed(seed))
    return network


def initialise(network: nn.Module, initialisation: str, generator: torch.Generator) -> nn.Module:
    """Draw the weights of a network anew, in place, and return it.

    Args:
        network: any module.
        initialisation: one of :data:`tfnas.networks.reference.INITIALISATIONS`. ``default`` is what each of its modules
            does in ``reset_parameters``, where it has one.
        generator: a CPU generator, which alone decides the weights.
    """
    if initialisation == "default":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**63 - 1, (1,), generator=generator)))
            for module in network.modules():
                reset = getattr(module, "reset_parameters", None)
                if callable(reset):
                    reset()
        return network
    with torch.no_grad():
        for module in network.modules():
            weight: Any = getattr(module, "weight", None)
            bias = getattr(module, "bias", None)
            if isinstance(module, LAYERS):
                area = weight[0, 0].numel()
                fans = {"kaiming_fan_in": weight.shape[1] * area, "kaiming_fan_out": weight.shape[0] * area}
                scale = (2 / fans[initialisation]) ** 0.5 if initialisation in fans else 1.0
                weight.copy_(torch.empty(weight.shape).normal_(generator=generator) * scale)
                if bias is not None:
                    bias.zero_()
            elif isinstance(module, NORMS):
                if weight is not None:
                    weight.fill_(1)
                if bias is not None:
                    bias.zero_()
                if getattr(module, "running_mean", None) is not None:
                    module.reset_running_stats()  # type: ignore[operator]
    return network


def stages_of(network: nn.Module, names: Sequence[str] | None = None) -> list[tuple[nn.Module, nn.Module]]:
    """Return the stages of a network in order, each as its first and its last module.

    Args:
        network: any module.
        names: of the modules that are the stages, the stem first. If left out: the children of the network, where a
            ``Sequential`` or ``ModuleList`` stands for its own children; modules without children that follow one
            another are one stage, and what begins with such modules at the end is the head and no stage.

    Raises:
        ProxyError: the network has no module of such a name.
    """
    if names is not None:
        known = dict(network.named_modules())
        for name in names:
            if name not in known:
                raise ProxyError(f"The network has no module '{name}' to be a stage: its modules are {_few(known)}.")
        return [(known[name], known[name]) for name in names]
    stages: list[tuple[nn.Module, nn.Module]] = []
    together = False
    for module in _in_sequence(network):
        single = not any(True for _ in module.children())
        if single and together:
            stages[-1] = (stages[-1][0], module)
        else:
            stages.append((module, module))
        together = single
    return stages[:-1] if together else stages


def run_stages(
    network: nn.Module,
    stages: Sequence[tuple[nn.Module, nn.Module]],
    images: Tensor,
    leave: Callable[[int, Tensor | None, Tensor], None],
    differentiable: bool = False,
) -> None:
    """Run a network with its stages apart from one another.

    Args:
        network: any module.
        stages: of :func:`stages_of`.
        images: (B, C, H, W).
        leave: called when a stage has run with its number, what entered it (None for the first) and what left it,
            (B, C, H, W).
        differentiable: what leaves a stage can be differentiated with respect to what entered it, and no further.

    Raises:
        ProxyError: the stages do not follow one another, or one gives no feature maps.
    """
    entered: dict[int, Tensor] = {}
    passed_on: list[Tensor] = []

    def enter(number: int, _: nn.Module, inputs: tuple) -> None:
        if number and (len(passed_on) != number or inputs[0] is not passed_on[-1]):
            raise ProxyError("The stages of the network do not read what the stage before them gives: name them.")

    def left(number: int, _: nn.Module, __: tuple, values: Tensor) -> Tensor:
        if not isinstance(values, Tensor) or values.ndim != 4:
            raise ProxyError("A stage of the network gives no feature maps of shape (B, C, H, W): name other stages.")
        leave(number, entered.get(number), values)
        entered[number + 1] = values.detach().requires_grad_(differentiable)
        passed_on.append(entered[number + 1].clone())  # which a stage may change in place
        return passed_on[-1]

    hooks = []
    for number, (first, last) in enumerate(stages):
        hooks.append(first.register_forward_pre_hook(partial(enter, number)))
        hooks.append(last.register_forward_hook(partial(left, number)))
    try:
        with torch.set_grad_enabled(differentiable):
            network(images)
    finally:
        for hook in hooks:
            hook.remove()


def _in_sequence(network: nn.Module) -> Iterator[nn.Module]:
    for child in network.children():
        if isinstance(child, nn.Sequential | nn.ModuleList):
            yield from _in_sequence(child)
        else:
            yield child


def _few(names: dict[str, Any]) -> str:
    listed = [name for name in names if name]
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")


def feature_maps(network: nn.Module, images: Tensor) -> Tensor | None:
    """Return the last feature maps of a network, (B, C, H, W): the last ones that a layer or a ReLU gives.

    What pooling gives is left out, and so is what has one pixel, unless there is nothing larger. None: there are none.
    """
    last: list[Tensor] = []
    single: list[Tensor] = []

    def keep(values: Any) -> None:
        if isinstance(values, Tensor) and values.ndim == 4:
            (last if values.shape[2] * values.shape[3] > 1 else single)[:] = [values]

    def output(module: nn.Module, _: tuple, values: Any) -> None:
        leaf = not any(True for _ in module.children())
        if leaf and not any(name in type(module).__name__.lower() for name in POOLS):
            keep(values)

    with watching(network, rectified=keep, output=output):
        network(images)
    return next(iter([*last, *single]), None)
