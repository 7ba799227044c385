"""Weights of a network: read from published or own files, checked entry by entry, written in our format or theirs.

Weights of another network can fit every key (with and without spikes the keys are the same) and then score like any
others. So the file or the caller must name the network, and where both do they must agree.
"""

import argparse
import json
import re
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lorafb.files import InputError, nearest, whole
from lorafb.networks import catalogue, state_dict_match, untrusted
from lorafb.networks.build import create
from lorafb.networks.named import is_named

INITIAL = "initial"
"""Training set of weights that were never trained."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights of a network and where they come from.

    Attributes
    ----------
    network : str
        Name in the catalogue, or of a person's own record.
    training : str
        Training set; "initial" for weights never trained.
    classes : int
        Outputs of the classifier.
    state_dict : dict of str to Tensor
        On the CPU, in the network's order.
    meta : dict
        Whatever else is known; fits JSON.
    """

    network: str
    training: str
    classes: int
    state_dict: dict[str, Tensor] = field(repr=False)
    meta: dict[str, Any] = field(default_factory=dict)


def read(
    path: Path | str,
    network: str | catalogue.Network | None = None,
    training: str | None = None,
    *,
    entry: str | None = None,
    unmarked: bool = False,
) -> Checkpoint:
    """Read and check a checkpoint file, published, ours or a person's own; nothing from the file is run.

    Weights may be bare or under any key, in a pickle of torch or in safetensors. What no feature depends on is taken off
    or converted, and `found` in the `meta` says so: a prefix of all names, half precision, modules beside the network.

    Parameters
    ----------
    path : path of a file
    network : str or Network, optional
        Needed where the file does not say it and its keys fit more than one network.
    training : str, optional
        Needed where neither the file nor the number of classes determines it.
    entry : str, optional
        Which of several sets of weights in the file, as the error that asks for it names them.
    unmarked : bool
        Take weights in which nothing says that they are of a spiking network for one (an ordinary network's can have the
        same keys).

    Raises
    ------
    InputError
        One line: the file cannot be read or asks for more than weights; it is another network (what is missing,
        surplus, of another shape); what it says disagrees with what was asked; it holds several sets of weights that
        fit, or none that is marked as of a spiking network; a weight is not finite.
    """
    contents = untrusted.load(path)
    record = _record(path, contents, network)
    match = _chosen(path, contents, record, entry)
    _check_mark(path, contents, record, unmarked)
    _check_finite(path, match.state)
    classes = state_dict_match.classes_of(match.state, state_dict_match.table(record))
    training, classes = _training(path, contents, record, training, classes)
    meta = contents.meta if contents.ours else contents.meta | {"found": _found(contents, match)}
    state = {key: value.detach() for key, value in match.state.items()}
    return Checkpoint(record.name, training, classes, state, meta | ({"unmarked": True} if unmarked else {}))


def write(path: Path | str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in our format, whole; equal checkpoints give equal bytes."""
    content = {
        "format": untrusted.FORMAT,
        "format_version": untrusted.FORMAT_VERSION,
        "network": checkpoint.network,
        "training": checkpoint.training,
        "classes": checkpoint.classes,
        "state_dict": _apart(checkpoint.state_dict),
        "meta": json.dumps(checkpoint.meta, sort_keys=True),
    }
    _save(content, path)


def to_published(checkpoint: Checkpoint, path: Path | str) -> None:
    """Write a checkpoint as the published code reads it: its keys, their prefix, and `args` where that belongs."""
    root, prefix = catalogue.network(checkpoint.network).published
    state = {prefix + key: value for key, value in _apart(checkpoint.state_dict).items()}
    meta = {key: value for key, value in checkpoint.meta.items() if key not in ("args", "found", root)}
    content: dict[str, Any] = {root: state, **meta}
    if root == "model":
        datasets = {ours: theirs for theirs, ours in untrusted.DATASETS.items()}
        named = {"model_name": checkpoint.network, "dataset": datasets.get(checkpoint.training)}
        known = {key: value for key, value in named.items() if value is not None}
        content["args"] = argparse.Namespace(**{**checkpoint.meta.get("args", {}), **known})
    _save(content, path)


def initial(network: str | catalogue.Network, classes: int, seed: int) -> Checkpoint:
    """Weights that were never trained: the network's own initial distribution, drawn from a seed."""
    record = catalogue.network(network) if isinstance(network, str) else network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = create(record, classes)
    return Checkpoint(record.name, INITIAL, classes, dict(model.state_dict()), {"kind": INITIAL, "seed": seed})


def restore(checkpoint: Checkpoint, network: catalogue.Network | None = None) -> nn.Module:
    """Build the network of a checkpoint with its weights, in evaluation mode; a person's own needs its record."""
    model = create(network or checkpoint.network, checkpoint.classes)
    model.load_state_dict(checkpoint.state_dict)
    return model.eval()


def describe(path: Path | str, network: catalogue.Network | None = None) -> str:
    """Say in one line how a file holds its weights, what it says of itself, and which networks it fits; or whether it fits one.

    Raises
    ------
    InputError
        The same line, with what is wrong.
    """
    contents = untrusted.load(path)
    if network is not None:
        try:
            weights = read(path, network)
        except InputError as error:
            raise InputError(f"{path}: {_found(contents, None)}; {str(error).removeprefix(f'{path}: ')}") from None
        return f"{weights.meta.get('found', contents.family)}; fits {network.name}, {weights.classes} classes"
    fitting = _fitting(contents)
    names = _candidates(fitting)
    name = contents.network or next(iter(names), None)
    match = fitting[name][0] if name in fitting else None
    says = [f"says {one}" for one in (contents.network, contents.training) if one]
    if fitting:
        says.append(f"fits {', '.join(fitting)}")
    elif contents.network is None:
        says.append("which network, its keys alone do not tell")
    elif contents.network in catalogue.names():
        says.append("which its keys do not fit")
    line = f"{_found(contents, match)}; {', '.join(says)}"
    if name not in catalogue.names():
        return line
    try:
        read(path, name)
    except InputError as error:
        raise InputError(f"{path}: {line}; {str(error).removeprefix(f'{path}: ')}") from None
    return line


def _found(contents: untrusted.Contents, match: state_dict_match.Match | None) -> str:
    """Say how a file holds its weights, and what was taken off or converted."""
    if contents.ours:
        return contents.family
    if match is None:
        told = (f"{_under(place)} ({_told(state)})" for place, state in contents.sets.items())
        return f"{contents.family} {' and '.join(told)}"
    return ", ".join([f"{contents.family} {_under(match.layout[0])}", *match.changes])


def _under(place: str) -> str:
    return f"under '{place}'" if place else "at the top"


def _told(state: dict[str, Any]) -> str:
    """Describe a set of weights of an unknown network: what would be taken off or converted."""
    ends = zip(min(state).split(".")[:-1], max(state).split("."), strict=False)
    prefix = ".".join(first for first, _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    kinds = {
        str(one.dtype).removeprefix("torch.")
        for one in state.values()
        if isinstance(one, Tensor) and one.is_floating_point()
    }
    told = [f"{len(state)} entries"]
    told += [f"prefix '{prefix}.' taken off where the network has none"] if prefix else []
    told += [f"{', '.join(sorted(kinds))} converted to float32"] if kinds - {"float32"} else []
    norms = any(key.endswith("running_mean") for key in state)
    counted = any(key.endswith(state_dict_match.COUNTER) for key in state)
    return ", ".join(told + ([f"no {state_dict_match.COUNTER}"] if norms and not counted else []))


def _record(
    path: Path | str, contents: untrusted.Contents, network: str | catalogue.Network | None
) -> catalogue.Network:
    """Settle which network a file is of, from what was asked, what the file says, and what it fits."""
    asked = catalogue.network(network) if isinstance(network, str) else network
    named = contents.network
    if asked is not None:
        if named not in (None, asked.name) and (contents.ours or asked.name in catalogue.names()):
            raise InputError(f"{path}: says that it is a {named}, not a {asked.name}")
        return asked
    if named is not None:
        try:
            return catalogue.network(named)
        except InputError as error:
            raise InputError(f"{path}: says that it is an {error}") from None
    fits = state_dict_match.fits(contents.sets)
    names = _candidates(fits)
    if len(names) == 1 and not catalogue.network(names[0]).spiking:
        return catalogue.network(names[0])
    plain = ", ".join(name for name in names if not catalogue.network(name).spiking)
    known = "name it" if fits else "it fits none of the known networks"
    raise InputError(f"{path}: does not say which network it is; {f'it fits {plain}: say which' if plain else known}")


def _fitting(contents: untrusted.Contents) -> dict[str, list[state_dict_match.Match]]:
    """Networks to propose: never a spiking one for a file that does not say that it is of one."""
    marked = contents.network is not None
    fits = state_dict_match.fits(contents.sets)
    return {name: near for name, near in fits.items() if marked or not catalogue.network(name).spiking}


def _candidates(fits: dict[str, list[state_dict_match.Match]]) -> tuple[str, ...]:
    """Networks whose keys and shapes a file has, those published in its layout where there are such."""
    alike = tuple(
        name for name, near in fits.items() if catalogue.network(name).published in [one.layout for one in near]
    )
    return alike or tuple(fits)


def _chosen(
    path: Path | str, contents: untrusted.Contents, record: catalogue.Network, entry: str | None
) -> state_dict_match.Match:
    """Choose the set of weights that fits a network."""
    near = state_dict_match.matches(contents.sets, state_dict_match.table(record))
    if near[0].problem:
        others = ", ".join(_fitting(contents)) if record.name in catalogue.names() else ""
        place = f" (weights {_under(near[0].layout[0])})" if len(contents.sets) > 1 else ""
        if re.search(r"-\d+-of-\d+\.\w+$", str(path)):
            place += "; it is one of several files of a network: join them into one (docs/networks.md)"
        raise InputError(
            f"{path}: not a {record.name}: {near[0].problem}{place}" + (f". It fits: {others}." if others else "")
        )
    known = ", ".join(f"'{one.entry}'" for one in near)
    chosen = [one for one in near if entry in (None, one.entry)]
    if not chosen:
        raise InputError(f"{path}: entry '{entry}' is no set of weights of a {record.name}; it has {known}")
    if any(not torch.equal(one.state[key], chosen[0].state[key]) for one in chosen[1:] for key in one.state):
        raise InputError(f"{path}: holds several sets of weights of a {record.name}: {known}; say which by `entry`")
    if len(near) == 1:
        return chosen[0]
    return replace(chosen[0], changes=(*chosen[0].changes, f"entry '{chosen[0].entry}' of {known}"))


def _check_mark(path: Path | str, contents: untrusted.Contents, record: catalogue.Network, unmarked: bool) -> None:
    """Refuse weights for a spiking network of the catalogue that may be an ordinary network's, unless they were asked for."""
    marked = contents.network is not None or not record.spiking or record.name not in catalogue.names()
    if marked and unmarked:
        raise InputError(f"{path}: `unmarked` has no place here: these weights need no mark, or have one")
    if not marked and not unmarked:
        raise InputError(
            f"{path}: nothing in it says that it is of a spiking network, and an ordinary one can have the same keys; if you"
            f" know that it is a {record.name}, set `unmarked: true`: figures, tables and the report will then say so"
        )


def _training(
    path: Path | str, contents: untrusted.Contents, record: catalogue.Network, asked: str | None, classes: int | None
) -> tuple[str, int]:
    """Settle training set and number of classes, from what was asked, what the file says, and its classifier."""
    named = contents.training if contents.ours or record.name in catalogue.names() else None
    usual = {training: feed.classes for training, feed in record.feeds.items()}
    if is_named(record.name) and classes is not None:  # a library's networks have as many outputs as one asks for
        usual = dict.fromkeys(usual, classes)
    if asked is not None and asked not in usual:
        raise InputError(f"{path}: training '{asked}' is none of {', '.join(usual)}{nearest(asked, usual)}")
    if asked is not None and named not in (None, INITIAL, asked):
        raise InputError(f"{path}: says that it was trained on {named}, not on {asked}")
    if named is not None and contents.classes is not None:  # our own format has both
        if classes not in (None, contents.classes):
            raise InputError(f"{path}: says {contents.classes} classes, and its classifier has {classes}")
        return named, contents.classes
    possible = [training for training, count in usual.items() if classes in (None, count)]
    training = asked or named or next(iter(possible), "")
    if training not in possible:
        expected = ", ".join(f"{name} {count}" for name, count in usual.items())
        raise InputError(f"{path}: has {classes} classes; a {record.name} has, by training: {expected}")
    return training, usual[training]


def _check_finite(path: Path | str, state: dict[str, Tensor]) -> None:
    for key, value in state.items():
        wrong = int((~torch.isfinite(value)).sum()) if value.is_floating_point() else 0
        if wrong:
            raise InputError(f"{path}: {key} holds {wrong} values of {value.numel()} that are not finite")
        if key.endswith("running_var") and bool((value < 0).any()):
            raise InputError(f"{path}: {key} holds a negative variance")


def _apart(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy every entry, so that bytes do not depend on which entries share memory."""
    return {key: value.detach().to("cpu", copy=True).contiguous() for key, value in state.items()}


def _save(content: dict[str, Any], path: Path | str) -> None:
    with whole(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)  # to an open file: given a path, torch writes the file's name into it
