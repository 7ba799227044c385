"""Spiking neurons, forward and backward in one piece: what autograd would keep of them is most of a training's memory.

Where no gradient is asked for (`torch.no_grad`, `torch.inference_mode`) nothing is kept: the potential is charged and reset
in its own memory, with the same bits.

In exact arithmetic and in float32 rounding they are SpikingJelly's `LIFNode(tau=2, decay_input=True, detach_reset=True)`
and `IFNode(detach_reset=True)` with the surrogate `ATan(2)`, spike for spike and gradient for gradient.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch
from spikingjelly.activation_based import neuron, surrogate
from spikingjelly.activation_based.base import MemoryModule
from torch import Tensor, nn

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

    Attributes
    ----------
    compiled : bool
        Run in one compiled kernel forward and one backward: the same spikes, gradients that round otherwise.
    """

    def __init__(self, leaky: bool, step_mode: str = "s") -> None:
        super().__init__()
        self.v: Tensor | float
        self.leaky, self.step_mode, self.compiled = leaky, step_mode, False
        self.register_memory("v", 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Give spikes, 0 or 1, in the shape and type of x."""
        if (x.dim() == 5) != (self.step_mode == "m"):
            takes = "(T, B, channels, height, width)" if self.step_mode == "m" else "(B, channels, height, width)"
            raise ValueError(f"neurons of step mode '{self.step_mode}' take {takes}, not {tuple(x.shape)}")
        one = x[0] if self.step_mode == "m" else x
        potential: Tensor | float = self.v
        if not isinstance(potential, Tensor) or potential.shape != one.shape:
            potential = torch.zeros_like(one, dtype=torch.promote_types(x.dtype, torch.float32))
        spikes: Tensor
        if torch.is_grad_enabled():
            spikes, self.v = _Fire.apply(x, potential, self.leaky, self.compiled)
        else:
            currents = x if self.step_mode == "m" else x[None]
            spikes, self.v = fire(currents, potential, 2.0 if self.leaky else None).view_as(x), potential
        return spikes

    def extra_repr(self) -> str:
        """Name the kind and the step mode."""
        return f"leaky={self.leaky}, step_mode={self.step_mode}"


def fire(
    currents: Tensor,
    potential: Tensor,
    tau: float | None,
    threshold: float = THRESHOLD,
    reset: float | None = 0.0,
    decay_input: bool = True,
) -> Tensor:
    """Give the spikes of currents (T, ...), in their type; the potential (...) is charged and reset in its own memory.

    Parameters are those of SpikingJelly's `LIFNode`; no `tau`: `IFNode`; no `reset`: the threshold is taken off instead.
    """
    spikes = torch.empty_like(currents)
    for current, spike in zip(currents.to(potential.dtype), spikes, strict=True):
        if tau is None:
            potential.add_(current)
        elif tau == 2 and not reset and decay_input:
            torch.lerp(current, potential, 0.5, out=potential)  # v - (v - x) / 2, which rounds as v + (x - v) / 2
        elif decay_input:
            potential.add_(torch.sub(potential, reset or 0.0).neg_().add_(current).div_(tau))
        else:
            potential.sub_(torch.sub(potential, reset or 0.0).div_(tau)).add_(current)
        torch.ge(potential, threshold, out=spike)
        if reset is None:
            potential.add_(spike, alpha=-threshold)
        else:
            potential.addcmul_(potential, spike, value=-1)
            if reset:
                potential.add_(spike, alpha=reset)
    return spikes


@contextmanager
def in_place(model: nn.Module) -> Iterator[None]:
    """Let SpikingJelly's LIF and IF nodes in a person's network run as ours do, where no gradient is asked for.

    Bit for bit for finite currents. A node that differs in kind, precision or surrogate, or keeps its potentials, stays as it is.
    """
    nodes: list[Any] = [node for node in model.modules() if type(node) in (neuron.IFNode, neuron.LIFNode)]
    nodes = [
        node
        for node in nodes
        if not node.store_v_seq
        and type(node.surrogate_function).__module__ == surrogate.__name__
        and node.surrogate_function.spiking
    ]
    for node in nodes:
        node.forward = partial(_in_place, node)
    try:
        yield
    finally:
        for node in nodes:
            del node.forward


def _in_place(node: Any, x: Tensor) -> Tensor:
    (potential,) = node.materialize_states((x,), (node.v,), node.step_mode)
    if torch.is_grad_enabled() or potential.dtype != torch.float32 or x.dtype != torch.float32:
        plain: Tensor = type(node).forward(node, x)
        return plain
    node.v = potential = (
        potential.clone()
    )  # the network may hold the one before: as a readout, or to begin again from it
    currents = x if node.step_mode == "m" else x[None]
    leak = {"tau": node.tau, "decay_input": node.decay_input} if isinstance(node, neuron.LIFNode) else {"tau": None}
    spikes = fire(currents, potential, threshold=node.v_threshold, reset=node.v_reset, **leak)
    return spikes if node.step_mode == "m" else spikes[0]


class _Fire(torch.autograd.Function):
    """Currents, of one time step or (T, ...), and potential to spikes and potential; backward needs the charged potential.

    Every operation works in place where it can, and in an order that rounds as SpikingJelly's does.
    """

    @staticmethod
    def forward(ctx: Any, currents: Tensor, potential: Tensor, leaky: bool, compiled: bool) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        ctx.chunk = currents.dim() > potential.dim()
        spikes = torch.empty_like(currents)
        charged = torch.empty_like(currents, dtype=potential.dtype)
        charge = _compiled(_charge) if compiled else _charge
        for current, spike, h in zip(*(_steps(of, ctx.chunk) for of in (currents, spikes, charged)), strict=True):
            potential = charge(current, potential, h, spike, leaky)
        ctx.save_for_backward(charged)
        ctx.leaky, ctx.dtype, ctx.compiled = leaky, currents.dtype, compiled
        return spikes, potential

    @staticmethod
    def backward(
        ctx: Any, of_spikes: Tensor | None, of_potential: Tensor | None
    ) -> tuple[Tensor, Tensor | None, None, None]:
        (charged,) = ctx.saved_tensors
        if of_spikes is None:  # the last spikes led nowhere
            of_spikes = torch.zeros_like(charged, dtype=ctx.dtype)
        of_currents = torch.empty_like(charged)
        slope = _compiled(_slope) if ctx.compiled else _slope
        steps = zip(*(_steps(of, ctx.chunk) for of in (charged, of_spikes, of_currents)), strict=True)
        for h, of_spike, of_current in reversed(list(steps)):
            of_potential = slope(h, of_spike, of_potential, of_current, ctx.leaky)
        return of_currents.to(ctx.dtype), of_potential, None, None


def _steps(x: Tensor, chunk: bool) -> tuple[Tensor, ...]:
    """View the time steps of a chunk, or the one time step that it is."""
    return x.unbind() if chunk else (x,)


def _charge(current: Tensor, potential: Tensor, h: Tensor, spike: Tensor, leaky: bool) -> Tensor:
    """Write the charged potential into h and the spikes; give the potential after reset."""
    if leaky:
        torch.lerp(current.to(h.dtype), potential, 0.5, out=h)  # v - (v - x) / 2, which rounds as v + (x - v) / 2
    else:
        torch.add(potential, current, out=h)
    fired = torch.ge(h, THRESHOLD, out=spike if spike.dtype == h.dtype else torch.empty_like(h))
    if fired is not spike:
        spike.copy_(fired)
    return torch.addcmul(h, h, fired, value=-1)


def _slope(h: Tensor, of_spike: Tensor, of_potential: Tensor | None, slope: Tensor, leaky: bool) -> Tensor:
    """Write the gradient of the current, which is that of the potential before it, and give it."""
    torch.sub(h, THRESHOLD, out=slope).mul_(math.pi)  # ATan(2): 1 / (1 + (pi (h - 1))^2)
    slope.mul_(slope).add_(1).reciprocal_().mul_(of_spike)
    if of_potential is not None:
        slope.addcmul_(of_potential, torch.lt(h, THRESHOLD, out=torch.empty_like(h)))
    return slope.mul_(0.5) if leaky else slope


@cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile once for all layers and sizes; needs a C++ compiler, or Triton on a GPU."""
    return torch.compile(function, dynamic=True)
