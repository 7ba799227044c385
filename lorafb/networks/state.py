"""State of recurrent and spiking networks: the one way to start, carry and clear it.

State left from another movie changes every feature, and no score looks wrong. So every module with state has a method
`reset`, and a movie is shown inside `fresh_state`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


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


def clear(model: nn.Module) -> None:
    """Clear the state of every module that carries some: those with a method `reset`."""
    for module in model.modules():
        reset = getattr(module, "reset", None)
        if callable(reset):
            reset()
