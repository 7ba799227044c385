"""Outputs of named layers, one tensor a layer and call, however often the layer runs.

A layer may be called once for a chunk of frames, once a frame, or several times for one image; its time axis may come
first, or be folded into the batch. Exchanged axes give features that look normal, so a shape that fits no rule is
an error.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lorafb.files import InputError, nearest

Collect = Callable[[], dict[str, Tensor]]


@contextmanager
def taps(model: nn.Module, layers: Sequence[str]) -> Iterator[Collect]:
    """Listen to layers of a network.

    Parameters
    ----------
    model : torch.nn.Module
        Takes (T, B, 3, H, W). Where its layers put time on another axis than the first, it has an attribute
        `time_axis` that says which (2 in a network of 3-D convolutions: B, C, T, H, W).
    layers : sequence of str
        Names as in the catalogue (`recurrent_layer1.sub_module[0]`) or as torch spells them (`....sub_module.0`).

    Yields
    ------
    callable
        Call it after a forward call: {layer: (T, B, units' axes...)} of that call. It then forgets them. Of a layer
        that runs several times on one image the last call counts.

    Raises
    ------
    InputError
        For a layer that the network does not have, with the nearest name.
    ValueError
        From the callable: when no forward call was made, or a layer was not reached, or gave a shape without T and B.
    """
    calls: dict[str, list[Tensor]] = {}
    sizes: list[tuple[int, int]] = []

    def start(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        steps, batch = inputs[0].shape[:2]
        sizes[:] = [(int(steps), int(batch))]
        calls.clear()

    def listen(layer: str) -> Callable[[nn.Module, Any, Tensor], None]:
        return lambda module, inputs, output: calls.setdefault(layer, []).append(output)

    def collect() -> dict[str, Tensor]:
        if not sizes:
            raise ValueError("no forward call to collect from: call the network first")
        outputs = {layer: _in_time(layer, calls.get(layer, []), *sizes[0], axis) for layer in layers}
        sizes.clear()
        calls.clear()
        return outputs

    axis = int(getattr(model, "time_axis", 0))
    modules = {layer: _module(model, layer) for layer in layers}
    with ExitStack() as hooks:
        hooks.callback(model.register_forward_pre_hook(start).remove)
        for layer, module in modules.items():
            hooks.callback(module.register_forward_hook(listen(layer)).remove)
        yield collect


def _module(model: nn.Module, layer: str) -> nn.Module:
    """Find the module of a layer by either spelling of its name."""
    modules: dict[str, nn.Module] = dict(model.named_modules())
    path = re.sub(r"\[(\d+)\]", r".\1", layer)
    if not path or path not in modules:
        known = [re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", name) for name in modules if name]
        raise InputError(f"{type(model).__name__} has no layer '{layer}'{nearest(layer, known)}")
    return modules[path]


def _in_time(layer: str, calls: list[Tensor], steps: int, batch: int, axis: int) -> Tensor:
    """Bring the outputs of a layer during one forward call to (T, B, ...)."""
    if not calls:
        raise ValueError(f"layer '{layer}' was not reached in the forward call")
    last = calls[-1]
    if axis:
        return last.movedim(axis, 0)
    if len(calls) == 1 and last.shape[:2] == (steps, batch):  # the whole chunk at once
        return last
    if len(calls) == steps and len(last) == batch:  # a call a time step
        return torch.stack(calls)
    if len(last) == steps * batch:  # time folded into the batch
        return last.reshape(steps, batch, *last.shape[1:])
    raise ValueError(
        f"layer '{layer}' gave {tuple(last.shape)} in {len(calls)} calls for {steps} frames of {batch} trials:"
        f" neither ({steps}, {batch}, ...) nor ({steps * batch}, ...) nor {steps} times ({batch}, ...)"
    )
