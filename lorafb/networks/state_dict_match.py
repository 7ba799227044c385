"""Whether a state dict fits a network (the same keys, shapes and types), and what differs where it does not."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from lorafb.networks import catalogue
from lorafb.networks.build import create

Table = dict[str, tuple[tuple[int, ...], torch.dtype]]

ANY = 7919
"""Stands in a table for the number of classes; no network has a map, channel or kernel of that size."""


def table(network: str | catalogue.Network) -> Table:
    """Shape and type of every entry of a network's state dict, in order, with ANY for the number of classes."""
    return _table(network) if isinstance(network, str) else _built(network)


@cache
def _table(name: str) -> Table:
    return _built(catalogue.network(name))


def _built(record: catalogue.Network) -> Table:
    with torch.device("meta"):  # shapes without memory
        model = create(record, classes=ANY)
    return {key: (tuple(value.shape), value.dtype) for key, value in model.state_dict().items()}


def classes_of(state: Mapping[str, Any], expected: Table) -> int | None:
    """Count the outputs of the classifier in a state dict; None where there is none or it does not fit."""
    for key, (shape, _) in expected.items():
        value = state.get(key)
        if ANY in shape and isinstance(value, Tensor) and value.dim() == len(shape):
            return int(value.shape[shape.index(ANY)])
    return None


def differences(state: Mapping[str, Any], expected: Table) -> str:
    """List what is missing, surplus, of another shape or type; empty when the state dict fits.

    Parameters
    ----------
    state : mapping of str to anything
        What a file holds where a state dict belongs.
    expected : Table
        Of the network it should be.

    Returns
    -------
    str
        `2 keys missing (fc.weight, fc.bias), 1 of another shape (conv1.weight: 64x1x7x7, expected 64x3x7x7)`.
    """
    classes = classes_of(state, expected) or ANY
    missing = [key for key in expected if key not in state]
    surplus = [str(key) for key in state if key not in expected]
    shapes, types = [], []
    for key, (shape, dtype) in expected.items():
        if key not in state:
            continue
        value, wanted = state[key], tuple(classes if size == ANY else size for size in shape)
        if not isinstance(value, Tensor) or value.layout != torch.strided or value.device.type != "cpu":
            types.append(f"{key}: {_kind(value)}, expected a plain tensor")
        elif tuple(value.shape) != wanted:
            shapes.append(f"{key}: {_axes(value.shape)}, expected {_axes(wanted)}")
        elif value.dtype != dtype:
            types.append(f"{key}: {_name(value.dtype)}, expected {_name(dtype)}")
    kinds = (("missing", missing), ("surplus", surplus), ("of another shape", shapes), ("of another type", types))
    counted = [(f"{len(which)} {what}", _few(which)) for what, which in kinds if which]
    return _keys(", ".join(f"{count} ({which})" for count, which in counted))


def fits(state: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of all networks of the catalogue that a state dict fits."""
    return tuple(name for name in catalogue.names() if not differences(state, table(name)))


def _keys(text: str) -> str:
    """Say "keys" once, after the first count."""
    count, _, rest = text.partition(" ")
    return f"{count} {'key' if count == '1' else 'keys'} {rest}" if rest else ""


def _few(which: Sequence[str], most: int = 3) -> str:
    shown = [one if len(one) <= 120 else one[:117] + "..." for one in which[:most]]
    return ", ".join(shown) + (f" and {len(which) - most} more" if len(which) > most else "")


def _axes(shape: Sequence[int]) -> str:
    return "x".join(str(size) for size in shape) or "one number"


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _kind(value: Any) -> str:
    return f"{value.layout} on {value.device.type}" if isinstance(value, Tensor) else type(value).__name__
