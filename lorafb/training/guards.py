"""Stop a training that cannot succeed, and say why: weights that are not finite score like any others."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from lorafb.files import InputError, one_line
from lorafb.networks.state import fresh_state
from lorafb.networks.state_dict_match import differences
from lorafb.training.recipe import Recipe


def check_loss(loss: Tensor, model: nn.Module, frames: Tensor) -> None:
    """Raise InputError, naming the layer, when the loss of a batch is not finite.

    Parameters
    ----------
    loss : float32, scalar
    model : torch.nn.Module
    frames : float32, shape (T, B, 3, height, width)
        The batch, shown once more to find the layer.
    """
    if not torch.isfinite(loss):
        raise InputError(f"loss is {loss.item()}; {first_bad_layer(model, frames)}")


def check_gradients(model: nn.Module, frames: Tensor | None) -> None:
    """Raise InputError when a gradient is not finite: spikes are finite whatever comes in, so the loss would not show it.

    Parameters
    ----------
    model : torch.nn.Module
        With its gradients.
    frames : float32, shape (T, B, 3, height, width)
        The batch, shown once more to find the layer; None where this process had none.
    """
    gradients = {name: one.grad for name, one in model.named_parameters() if one.grad is not None}
    if not torch.isfinite(nn.utils.get_total_norm(gradients.values())):
        bad = [name for name, gradient in gradients.items() if not torch.isfinite(gradient).all()]
        what = f"gradient of {bad[0]!r} is not finite" if bad else "norm of the gradient overflows"
        raise InputError(f"{what}; {first_bad_layer(model, frames)}")


def check_skips(in_a_row: int, most: int = 20) -> None:
    """Raise InputError when so many steps in a row overflowed that a smaller loss scale does not help."""
    if in_a_row >= most:
        raise InputError(
            f"{in_a_row} steps in a row overflowed in fp16; train with `precision: bf16` or `float32`, or a lower"
            " learning rate"
        )


@contextmanager
def check_memory(recipe: Recipe) -> Iterator[None]:
    """Raise InputError that says what to lower when memory is out."""
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if not (isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)):
            raise
        lower = "" if recipe.precision != "float32" else ", or `precision: bf16`"
        raise InputError(
            f"out of memory with clips {recipe.batch} at once; lower `batch` and raise `accumulate` as much (the step"
            f" sees as many clips){lower}, or take smaller or shorter clips ({one_line(error)})"
        ) from error


def load_pretrained(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Start from another training's weights, all but the classifier's (`fc.*`).

    Raises
    ------
    InputError
        They are of another network.
    """
    own = {key: value for key, value in model.state_dict().items() if not key.startswith("fc.")}
    table = {key: (tuple(value.shape), value.dtype) for key, value in own.items()}
    wrong = differences({key: value for key, value in weights.items() if not key.startswith("fc.")}, table)
    if wrong:
        raise InputError(f"pretrained weights are of another network: {wrong}")
    model.load_state_dict({key: weights[key] for key in own}, strict=False)


def first_bad_layer(model: nn.Module, frames: Tensor | None) -> str:
    """Show a batch once more, and name the first layer whose output is not finite."""
    if frames is None:
        return "the clips of another process led to it"
    if not torch.isfinite(frames).all():
        return "the frames themselves are not finite"
    bad: list[str] = []

    def look(name: str, layer: nn.Module) -> RemovableHandle:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if not bad and isinstance(output, Tensor) and not torch.isfinite(output).all():
                bad.append(name)

        return layer.register_forward_hook(hook)

    handles = [look(name, layer) for name, layer in model.named_modules() if not list(layer.children())]
    try:
        with torch.no_grad(), fresh_state(model):
            model(frames)
    finally:
        for handle in handles:
            handle.remove()
    return f"first layer with such an output is {bad[0]!r}" if bad else "what the layers put out is finite"
