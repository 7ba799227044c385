"""Gradients of weights over all time steps at once, for stages that run step by step.

Autograd takes one such gradient a step and adds them up. The data that they need is there anyway, and one convolution
over T x B clips takes less time than T over B: the same sum, added in another order.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

Tape = list[tuple[Tensor, Tensor]]
"""Of each time step that went backward: what came into a convolution, and the gradient of what it put out."""
Convolution = nn.Conv2d | nn.ConvTranspose2d


def gather(stage: nn.Module) -> None:
    """Let the convolutions of a module do so from now on; each call of it is one run over all time steps."""
    stage.register_forward_pre_hook(_begin)
    stage.register_forward_hook(_end, always_call=True)


def _begin(stage: nn.Module, inputs: Any) -> None:
    if not torch.is_grad_enabled():
        return
    for layer in stage.modules():
        if isinstance(layer, Convolution) and layer.weight.requires_grad:
            tape: Tape = []
            shared = _Shared.apply(_in_precision(layer.weight), layer, tape)
            layer.__dict__["forward"] = partial(_forward, layer, shared, tape)


def _end(stage: nn.Module, inputs: Any, output: Any) -> None:
    for layer in stage.modules():
        layer.__dict__.pop("forward", None)


def _forward(layer: Convolution, weight: Tensor, tape: Tape, x: Tensor) -> Tensor:
    out: Tensor = _Step.apply(_in_precision(x), weight, layer, tape)
    return out


def _in_precision(x: Tensor) -> Tensor:
    """Cast as autocast would: it does not look into functions of one's own."""
    on = torch.is_autocast_enabled(x.device.type)
    return x.to(torch.get_autocast_dtype(x.device.type)) if on and x.dtype != torch.float64 else x


def _settings(layer: Convolution) -> tuple[Any, ...]:
    turned = isinstance(layer, nn.ConvTranspose2d)
    return layer.stride, layer.padding, layer.dilation, turned, layer.output_padding, layer.groups


class _Shared(torch.autograd.Function):
    """A weight as it is; backward, which comes after that of all steps, its gradient from the tape."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, layer: Convolution, tape: Tape) -> Tensor:
        ctx.set_materialize_grads(False)
        ctx.layer, ctx.tape = layer, tape
        ctx.save_for_backward(weight)
        return weight.view_as(weight)

    @staticmethod
    def backward(ctx: Any, nothing: None) -> tuple[Tensor | None, None, None]:
        if not ctx.tape:
            return None, None, None
        (weight,) = ctx.saved_tensors
        inputs, gradients = (torch.cat(parts) for parts in zip(*ctx.tape, strict=True))
        ctx.tape.clear()
        return _backward(gradients, inputs, weight, ctx.layer, of_weight=True), None, None


class _Step(torch.autograd.Function):
    """One time step of a convolution without bias."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, layer: Convolution, tape: Tape) -> Tensor:
        ctx.layer, ctx.tape = layer, tape
        ctx.save_for_backward(x, weight)
        return torch.convolution(x, weight, None, *_settings(layer))

    @staticmethod
    def backward(ctx: Any, of_output: Tensor) -> tuple[Tensor | None, None, None, None]:
        x, weight = ctx.saved_tensors
        ctx.tape.append((x, of_output))
        wanted = ctx.needs_input_grad[0]
        return (_backward(of_output, x, weight, ctx.layer, of_weight=False) if wanted else None), None, None, None


def _backward(of_output: Tensor, x: Tensor, weight: Tensor, layer: Convolution, of_weight: bool) -> Tensor:
    mask = [not of_weight, of_weight, False]
    both = torch.ops.aten.convolution_backward(of_output, x, weight, None, *_settings(layer), mask)
    gradient: Tensor = both[int(of_weight)]
    return gradient
