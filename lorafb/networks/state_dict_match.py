"""Whether a set of weights fits a network (the same keys, shapes and types), and what differs where it does not.

People's training puts things around weights that change no feature: a prefix that all names share, half precision, other
modules beside the network. They are taken off, and said.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeGuard

import torch
from torch import Tensor

from lorafb.networks import catalogue
from lorafb.networks.build import create

Table = dict[str, tuple[tuple[int, ...], torch.dtype]]

COUNTER = "num_batches_tracked"
"""Entry of a norm that no evaluation reads; files written before torch 0.4.1 lack it."""
PROFILING = ("total_ops", "total_params")
"""Entries that profilers leave in a network."""
ANY = 7919
"""Stands in a table for the number of classes; no network has a map, channel or kernel of that size."""


@dataclass(frozen=True)
class Match:
    """A set of weights beside what a network needs.

    Attributes
    ----------
    entry : str
        Keys in the file that lead to the set, and the prefix of its names, joined by "/"; empty for the file itself.
    layout : (str, str)
        The same apart, the prefix with its dot.
    state : dict
        The network's entries by its own names, in its order once they fit.
    changes : tuple of str
        What was taken off or converted, in words.
    problem : str
        What is missing, surplus, of another shape or type; empty when it fits.
    """

    entry: str
    layout: tuple[str, str]
    state: dict[str, Any]
    changes: tuple[str, ...]
    problem: str


def matches(sets: Mapping[str, Mapping[str, Any]], expected: Table) -> list[Match]:
    """Lay the sets of weights of a file beside a network: all that fit, or where none does the nearest one.

    Parameters
    ----------
    sets : mapping of place in the file to state dict, at least one
    expected : Table
    """
    prefixes = {place: _prefixes(state, expected) or Counter({"": 0}) for place, state in sets.items()}
    most = max(max(counts.values()) for counts in prefixes.values())
    near = [
        _match(place, prefix, sets[place], expected)
        for place, counts in prefixes.items()
        for prefix, count in counts.items()
        if count == most
    ]
    return [one for one in near if not one.problem] or near[:1]


def _prefixes(state: Mapping[str, Any], expected: Table) -> "Counter[str]":
    """Count, for everything that may stand before a network's names, how many of them follow it."""
    found: Counter[str] = Counter()
    for key in state:
        starts = (0, *(place + 1 for place, letter in enumerate(key) if letter == "."))
        found.update(key[:start] for start in starts if key[start:] in expected and not key.endswith(COUNTER))
    return found


def _match(place: str, prefix: str, state: Mapping[str, Any], expected: Table) -> Match:
    """Take a prefix off, convert what no feature depends on, and say both."""
    own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    beside = [key for key in state if not key.startswith(prefix)]
    beside += [prefix + key for key in own if key not in expected and key.endswith(PROFILING)]
    counters = [
        key for key in expected if key.endswith(COUNTER) and getattr(own.get(key), "dtype", None) != torch.int64
    ]
    own |= {key: torch.zeros(expected[key][0], dtype=torch.int64) for key in counters}
    converted = set()
    for key, (_, dtype) in expected.items():
        value = own.get(key)
        if _is_plain(value) and value.dtype != dtype and value.is_floating_point() and dtype.is_floating_point:
            converted.add(f"{_name(value.dtype)} converted to {_name(dtype)}")
            own[key] = value.to(dtype)
    changes = [f"prefix '{prefix}' taken off"] if prefix else []
    changes += sorted(converted)
    changes += [f"no {COUNTER} in it ({len(counters)} set to 0, which evaluation does not read)"] if counters else []
    changes += [f"{len(beside)} entries beside the network left out ({_few(beside)})"] if beside else []
    held = {key: value for key, value in own.items() if key in expected or not key.endswith(PROFILING)}
    problem = differences(held, expected)
    in_order = held if problem else {key: held[key] for key in expected}
    entry = "/".join(part for part in (place, prefix.removesuffix(".")) if part)
    return Match(entry, (place, prefix), in_order, tuple(changes), problem)


def table(network: str | catalogue.Network) -> Table:
    """Shape and type of every entry of a network's state dict, in order, with ANY for the number of classes."""
    return _table(network) if isinstance(network, str) else _built(network)


@cache
def _table(name: str) -> Table:
    return _built(catalogue.network(name))


def _built(record: catalogue.Network) -> Table:
    try:
        with torch.device("meta"):  # shapes without memory
            model = create(record, classes=ANY)
    except (RuntimeError, NotImplementedError):  # a person's own network may need values as it is built
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
        if not _is_plain(value):
            types.append(f"{key}: {_kind(value)}, expected a plain tensor")
        elif tuple(value.shape) != wanted:
            shapes.append(f"{key}: {_axes(value.shape)}, expected {_axes(wanted)}")
        elif value.dtype != dtype:
            types.append(f"{key}: {_name(value.dtype)}, expected {_name(dtype)}")
    kinds = (("missing", missing), ("surplus", surplus), ("of another shape", shapes), ("of another type", types))
    counted = [(f"{len(which)} {what}", _few(which)) for what, which in kinds if which]
    return _keys(", ".join(f"{count} ({which})" for count, which in counted))


def fits(sets: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Match]]:
    """Networks of the catalogue that a file's weights fit, by name."""
    found = {name: matches(sets, table(name)) for name in catalogue.names()}
    return {name: near for name, near in found.items() if not near[0].problem}


def _is_plain(value: Any) -> TypeGuard[Tensor]:
    return isinstance(value, Tensor) and value.layout == torch.strided and value.device.type == "cpu"


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
