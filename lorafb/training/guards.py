"""Stop a training that has diverged, and say where: weights that are not finite score like any others."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from lorafb.files import InputError
from lorafb.networks.state import fresh_state


def check_finite(loss: Tensor, model: nn.Module, frames: Tensor) -> None:
    """Raise InputError, naming the layer, when the loss or a gradient of a batch is not finite.

    Parameters
    ----------
    loss : float32, scalar
    model : torch.nn.Module
        With the gradients of that loss.
    frames : float32, shape (T, B, 3, height, width)
        The batch, shown once more to find the layer.
    """
    if not torch.isfinite(loss):
        raise InputError(f"loss is {loss.item()}; {_first_bad_layer(model, frames)}")
    gradients = {name: one.grad for name, one in model.named_parameters() if one.grad is not None}
    if not torch.isfinite(nn.utils.get_total_norm(gradients.values())):
        bad = [name for name, gradient in gradients.items() if not torch.isfinite(gradient).all()]
        # spikes are finite whatever comes in, so the loss alone would not show it
        what = f"gradient of {bad[0]!r} is not finite" if bad else "norm of the gradient overflows"
        raise InputError(f"{what}; {_first_bad_layer(model, frames)}")


def _first_bad_layer(model: nn.Module, frames: Tensor) -> str:
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
