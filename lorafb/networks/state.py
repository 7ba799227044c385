"""State of recurrent and spiking networks: the one way to start, carry and clear it.

State left from another movie changes every feature, and no score looks wrong. So every module with state has a method
`reset`, and a movie is shown inside `fresh_state`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from lorafb.files import InputError


@contextmanager
def fresh_state(model: nn.Module) -> Iterator[None]:
    """Clear the state on entry and on exit, also after an error; inside, it is carried from call to call.

    Parameters
    ----------
    model : torch.nn.Module
        Takes (T, B, 3, H, W) as its first argument.

    Raises
    ------
    ValueError
        From a call inside whose B, H or W is not that of the first one: the state of other trials does not fit, and
        neurons would silently start anew.
    """
    first: list[torch.Size] = []

    def same_trials(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        trials = inputs[0].shape[1:]
        if not first:
            first.append(trials)
        elif trials != first[0]:
            raise ValueError(
                f"state of trials {tuple(first[0])} met trials {tuple(trials)} (B, 3, H, W);"
                " another movie or number of trials needs its own fresh_state"
            )

    clear(model)
    handle = model.register_forward_pre_hook(same_trials)
    try:
        yield
    finally:
        handle.remove()
        clear(model)


@contextmanager
def evaluated(model: nn.Module) -> Iterator[None]:
    """Put a network in evaluation mode, and hold it to that: its buffers are the same at the end.

    Raises
    ------
    InputError
        A module stays in training mode, or a buffer changed: features would depend on what was shown before.
    """
    model.eval()
    training = [name or type(model).__name__ for name, module in model.named_modules() if module.training]
    if training:
        raise InputError(f"{type(model).__name__}: {', '.join(training[:3])} stays in training mode after `eval()`")
    clear(model)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    yield
    changed = [name for name, buffer in model.named_buffers() if not _same(buffer, before.get(name))]
    if changed:
        raise InputError(
            f"{type(model).__name__}: {', '.join(changed[:3])} changed while frames were shown: a norm that still learns, or"
            " state in a module without a method `reset` that clears it"
        )


def _same(one: Tensor, other: Tensor | None) -> bool:
    return other is not None and one.shape == other.shape and bool(((one == other) | (one != one)).all())


def clear(model: nn.Module) -> None:
    """Clear the state of every module that carries some: those with a method `reset` that needs nothing to be told.

    A classifier of timm has one that needs the number of classes, and makes new weights.
    """
    for module in model.modules():
        if has_state(module):
            module.reset()  # type: ignore[operator]


def has_state(module: nn.Module) -> bool:
    """Whether a module carries state that `clear` clears."""
    kind: Any = type(module)
    return _resets(kind)


@cache
def _resets(kind: Any) -> bool:
    reset = getattr(kind, "reset", None)
    if not callable(reset):
        return False
    needed = [one for one in signature(reset).parameters.values() if one.default is one.empty]
    return all(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in needed[1:])
