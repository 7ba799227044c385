"""Outputs of named layers, one tensor a layer and call, however often the layer runs.

A layer may be called once for a chunk of frames, once a frame, or several times for one image; its time axis may come
first, or be folded into the batch. Exchanged axes give features that look normal, so a shape that fits no rule is
an error. So do values that a later operation has written over: an in-place ReLU after a normalisation leaves no negative
ones. They are copied as the layer gave them.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lorafb.files import InputError, nearest

Collect = Callable[[], dict[str, Tensor]]
NAME = re.compile(r"(?P<module>[^#:]*)(#(?P<call>[1-9]\d*))?(:(?P<part>[^#:]+))?")
"""Name of a layer: a module, which of its calls on one image, and which of the tensors that it gives."""


@contextmanager
def taps(model: nn.Module, layers: Sequence[str]) -> Iterator[Collect]:
    """Listen to layers of a network.

    Parameters
    ----------
    model : torch.nn.Module
        Takes (T, B, 3, H, W). Where its layers put time on another axis than the first, it has an attribute
        `time_axis` that says which (2 in a network of 3-D convolutions: B, C, T, H, W). `lorafb.networks.library` makes
        such models of other people's.
    layers : sequence of str
        Names as in the catalogue (`recurrent_layer1.sub_module[0]`) or as torch spells them (`....sub_module.0`). Of a
        layer that gives several tensors `layer:0` or `layer:key` names one (`layer:1.0` inside another), of one that runs
        several times on an image `layer#1` the first call. Otherwise the first tensor and the last call count, with a
        warning where the network is not of this package.

    Yields
    ------
    callable
        Call it after a forward call: {layer: (T, B, units' axes...)} of that call, as the layer gave it, whatever has
        written over it since. It then forgets them.

    Raises
    ------
    InputError
        For a layer that the network does not have, with the nearest name; from the callable: for a layer that was not
        reached, with those that were, or that gives no such tensor.
    ValueError
        From the callable: when no forward call was made, or a layer gave a shape without T and B.
    """
    calls: dict[str, list[Tensor]] = {}
    seen: list[Tensor] = []
    own = type(model).__module__.startswith("lorafb.networks.")  # of these a test knows that nothing is written over
    clip_frames = int(getattr(model, "clip_frames", 0))  # of a network whose layers may have fewer time steps
    noted: set[str] = set()

    def note(text: str) -> None:
        if not own and text not in noted:
            noted.add(text)
            warnings.warn(text, stacklevel=2)

    def start(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        seen[:] = [inputs[0]]
        calls.clear()

    def listen(layer: str, part: str | None) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            tensor = output if isinstance(output, Tensor) and part is None else _part(layer, output, part, note)
            calls.setdefault(layer, []).append(tensor if own else tensor.detach().clone())

        return hook

    def collect() -> dict[str, Tensor]:
        if not seen:
            raise ValueError("no forward call to collect from: call the network first")
        steps, batch = (int(size) for size in seen[0].shape[:2])
        outputs = {}
        for layer, name in names.items():
            if layer not in calls:
                raise _not_reached(layer, model, seen[0])
            call = int(name["call"]) if name["call"] else None
            output = _in_time(layer, calls[layer], steps, batch, axis, call, note)
            outputs[layer] = _of_frames(layer, output, steps, clip_frames) if clip_frames else output
            if getattr(model, "channels_may_be_last", False):
                outputs[layer] = _channels_first(outputs[layer])
        seen.clear()
        calls.clear()
        return outputs

    axis = int(getattr(model, "time_axis", 0))
    names = {layer: NAME.fullmatch(layer) or _malformed(layer) for layer in layers}
    modules = {layer: _module(model, layer, name["module"]) for layer, name in names.items()}
    with ExitStack() as hooks:
        hooks.callback(model.register_forward_pre_hook(start).remove)
        for layer, module in modules.items():
            hooks.callback(module.register_forward_hook(listen(layer, names[layer]["part"])).remove)
        yield collect


def reached(model: nn.Module, frames: Tensor) -> list[str]:
    """Name the modules that run when a network is shown frames (T, B, 3, H, W), in the order in which they end."""
    names: list[str] = []
    with ExitStack() as hooks:
        for name, module in model.named_modules():
            if name:
                hooks.callback(module.register_forward_hook(lambda *_, name=name: names.append(name)).remove)
        model(frames)
    return list(dict.fromkeys(names))


def _not_reached(layer: str, model: nn.Module, frames: Tensor) -> InputError:
    """Make the error of a layer that did not run, with those that do."""
    running = [_spelt(name) for name in reached(model, frames)]
    some = ", ".join(running[:12]) + (f" and {len(running) - 12} more" if len(running) > 12 else "")
    return InputError(
        f"layer '{layer}' was not reached: no forward call of it{nearest(layer, running)}; there are {some}"
    )


def _malformed(layer: str) -> Any:
    raise InputError(
        f"layer '{layer}': expected a module's name, with #1 for its first call or :0 for its first tensor"
    )


def _part(layer: str, output: Any, part: str | None, note: Callable[[str], None]) -> Tensor:
    """Choose the tensor that counts of an output that is not one."""
    held = dict(tensors(output))
    if part is None and held:
        first = next(iter(held))
        if len(held) > 1:
            note(f"layer '{layer}' gives {len(held)} tensors ({', '.join(held)}); the first counts, '{layer}:{first}'")
        return held[first]
    if part not in held:
        raise InputError(
            f"layer '{layer}' gives a {type(output).__name__} without that tensor; it has {', '.join(held) or 'none'}"
        )
    return held[part]


def tensors(output: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, Tensor]]:
    """List the tensors inside tuples, lists and dicts, by place."""
    if isinstance(output, Tensor):
        yield ".".join(place) or "0", output
    elif isinstance(output, Mapping | list | tuple):
        for key, one in output.items() if isinstance(output, Mapping) else enumerate(output):
            yield from tensors(one, (*place, str(key)))


def _spelt(name: str) -> str:
    """Spell a module's name as published: `layer1.0` as `layer1[0]`."""
    return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", name)


def _module(model: nn.Module, layer: str, name: str) -> nn.Module:
    """Find the module of a layer by either spelling of its name."""
    modules: dict[str, nn.Module] = dict(model.named_modules())
    path = re.sub(r"\[(\d+)\]", r".\1", name)
    if not path or path not in modules:
        raise InputError(
            f"{type(model).__name__} has no layer '{layer}'{nearest(name, [_spelt(one) for one in modules if one])}"
        )
    return modules[path]


def _in_time(
    layer: str, calls: list[Tensor], steps: int, batch: int, axis: int, call: int | None, note: Callable[[str], None]
) -> Tensor:
    """Bring the outputs of a layer during one forward call to (T, B, ...)."""
    last = calls[-1]
    whole = axis or (len(calls) == 1 and last.shape[:2] == (steps, batch))  # the whole chunk at once
    stepwise = not whole and len(calls) % steps == 0 and len(last) == batch and steps > 1  # a call a time step
    repeats = len(calls) // steps if stepwise else len(calls)
    if call is not None and call > repeats:
        raise InputError(f"layer '{layer}': it runs {repeats} times on an image, expected at most #{repeats}")
    if call is None and repeats > 1:
        note(f"layer '{layer}' runs {repeats} times on an image; the last call counts, '{layer}#{repeats}'")
    chosen = (call or repeats) - 1
    if stepwise:
        return torch.stack(calls[chosen::repeats])
    one = calls[chosen]
    if axis:
        return one.movedim(axis, 0)
    if whole or one.shape[:2] == (steps, batch):
        return one
    if len(one) == steps * batch:  # time folded into the batch
        return one.reshape(steps, batch, *one.shape[1:])
    raise ValueError(
        f"layer '{layer}' gave {tuple(last.shape)} in {len(calls)} calls for {steps} frames of {batch} trials:"
        f" neither ({steps}, {batch}, ...) nor ({steps * batch}, ...) nor {steps} times ({batch}, ...)"
    )


def _of_frames(layer: str, values: Tensor, steps: int, clip_frames: int) -> Tensor:
    """Give each frame of a clip the time step that it falls into; (T', B, ...) -> (T, B, ...)."""
    if len(values) < 1 or clip_frames % len(values):
        raise InputError(
            f"layer '{layer}' has {len(values)} time steps for {clip_frames} frames, so that none belongs to a frame; leave it out"
        )
    return values[torch.arange(steps, device=values.device) // (clip_frames // len(values))]


def _channels_first(values: Tensor) -> Tensor:
    """Bring (T, B, H, W, C) to (T, B, C, H, W); frames are square, so that the layout shows."""
    *_, one, two, three = (0, 0, *values.shape)
    return values.movedim(-1, 2) if values.dim() == 5 and one == two != three else values
