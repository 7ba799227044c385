"""Spiking neurons, forward and backward in one piece: what autograd would keep of them is most of a training's memory.

In exact arithmetic and in float32 rounding they are SpikingJelly's `LIFNode(tau=2, decay_input=True, detach_reset=True)`
and `IFNode(detach_reset=True)` with the surrogate `ATan(2)`, spike for spike and gradient for gradient.
"""

import math
from typing import Any

import torch
from spikingjelly.activation_based.base import MemoryModule
from torch import Tensor

THRESHOLD = 1.0


class Neurons(MemoryModule):  # type: ignore[misc]
    """A layer of neurons; the membrane potential is their state, float32 also under autocast.

    A half-precision membrane stops rising: 600 inputs of 1 sum to 256 in bfloat16.

    Parameters
    ----------
    leaky : bool
        v = v + (x - v) / 2, else v = v + x; then a spike where v >= 1, and v = 0 there (Huang et al. 2024, appendix A).
    step_mode : "s" or "m"
        Takes one time step (B, ...), or a chunk of them (T, B, ...).
    """

    def __init__(self, leaky: bool, step_mode: str = "s") -> None:
        super().__init__()
        self.v: Tensor | float
        self.leaky, self.step_mode = leaky, step_mode
        self.register_memory("v", 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Give spikes, 0 or 1, in the shape and type of x."""
        if (x.dim() == 5) != (self.step_mode == "m"):
            takes = "(T, B, channels, height, width)" if self.step_mode == "m" else "(B, channels, height, width)"
            raise ValueError(f"neurons of step mode '{self.step_mode}' take {takes}, not {tuple(x.shape)}")
        currents = x if self.step_mode == "m" else x[None]
        potential: Tensor | float = self.v
        if not isinstance(potential, Tensor) or potential.shape != currents.shape[1:]:
            potential = torch.zeros_like(currents[0], dtype=torch.promote_types(x.dtype, torch.float32))
        spikes, self.v = _Fire.apply(currents, potential, self.leaky)
        fired: Tensor = spikes if self.step_mode == "m" else spikes[0]
        return fired

    def extra_repr(self) -> str:
        """Name the kind and the step mode."""
        return f"leaky={self.leaky}, step_mode={self.step_mode}"


class _Fire(torch.autograd.Function):
    """Currents (T, ...) and potential (...) to spikes (T, ...) and potential; backward needs the charged potential alone.

    Every operation works in place where it can, and in an order that rounds as SpikingJelly's does.
    """

    @staticmethod
    def forward(ctx: Any, currents: Tensor, potential: Tensor, leaky: bool) -> tuple[Tensor, Tensor]:
        spikes = torch.empty_like(currents)
        charged = torch.empty_like(currents, dtype=potential.dtype)
        for current, spike, h in zip(currents, spikes, charged, strict=True):
            if leaky:
                torch.sub(current, potential, out=h)
                torch.add(potential, h, alpha=0.5, out=h)
            else:
                torch.add(potential, current, out=h)
            fired = torch.ge(h, THRESHOLD, out=torch.empty_like(h))
            spike.copy_(fired)
            potential = torch.addcmul(h, h, fired, value=-1)
        ctx.save_for_backward(charged)
        ctx.leaky, ctx.dtype = leaky, currents.dtype
        return spikes, potential

    @staticmethod
    def backward(ctx: Any, of_spikes: Tensor, of_potential: Tensor) -> tuple[Tensor, Tensor, None]:
        (charged,) = ctx.saved_tensors
        of_currents = torch.empty_like(charged)
        for step in reversed(range(len(charged))):
            h, slope = charged[step], of_currents[step]
            torch.sub(h, THRESHOLD, out=slope).mul_(math.pi)  # ATan(2): 1 / (1 + (pi (h - 1))^2)
            slope.mul_(slope).add_(1).reciprocal_().mul_(of_spikes[step])
            of_potential = slope.addcmul_(of_potential, torch.lt(h, THRESHOLD, out=torch.empty_like(h)))
            if ctx.leaky:
                of_potential.mul_(0.5)
        return of_currents.to(ctx.dtype), of_potential, None
