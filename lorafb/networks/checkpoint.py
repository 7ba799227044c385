"""Weights of a network: read from published or own files, checked entry by entry, written in our format or theirs.

Weights of another network can fit every key (with and without spikes the keys are the same) and then score like any
others. So the file or the caller must name the network, and where both do they must agree.
"""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lorafb.files import InputError, nearest, whole
from lorafb.networks import catalogue, state_dict_match, untrusted
from lorafb.networks.build import create

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


def read(path: Path | str, network: str | catalogue.Network | None = None, training: str | None = None) -> Checkpoint:
    """Read and check a checkpoint of any family; nothing from the file is run.

    Parameters
    ----------
    path : path of a published `.pth` or `.pth.tar`, or of our own format
    network : str or Network, optional
        Needed where the file does not say it and its keys fit more than one network.
    training : str, optional
        Needed where neither the file nor the number of classes determines it.

    Raises
    ------
    InputError
        One line: the file cannot be read or asks for more than weights; it is another network (what is missing,
        surplus, of another shape); what it says disagrees with what was asked; a weight is not finite.
    """
    contents = untrusted.load(path)
    record = _record(path, contents, network)
    expected = state_dict_match.table(record)
    problem = state_dict_match.differences(contents.state, expected)
    if problem:
        raise InputError(f"{path}: not a {record.name}: {problem}. It fits: {_fitting(contents)}.")
    state = {key: contents.state[key].detach() for key in expected}
    _check_finite(path, state)
    training, classes = _training(path, contents, record, training, state_dict_match.classes_of(state, expected))
    return Checkpoint(record.name, training, classes, state, contents.meta)


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
    meta = {key: value for key, value in checkpoint.meta.items() if key not in ("args", root)}
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


def describe(path: Path | str) -> str:
    """Say in one line which family a file is of, what it says of itself, which networks it fits, and what is wrong."""
    try:
        contents = untrusted.load(path)
    except InputError as error:
        return str(error)
    says = [f"says {name}" for name in (contents.network, contents.training) if name]
    line = f"{path}: {contents.family}; {', '.join([*says, f'fits {_fitting(contents)}'])}"
    try:
        read(path, contents.network or next(iter(_candidates(contents)), None))
    except InputError as error:
        return f"{line}; {str(error).removeprefix(f'{path}: ')}"
    return line


def _record(
    path: Path | str, contents: untrusted.Contents, network: str | catalogue.Network | None
) -> catalogue.Network:
    """Settle which network a file is of, from what was asked, what the file says, and what it fits."""
    asked = catalogue.network(network) if isinstance(network, str) else network
    named = contents.network
    if asked is not None:
        if named is not None and named != asked.name:
            raise InputError(f"{path}: says that it is a {named}, not a {asked.name}")
        return asked
    if named is not None:
        try:
            return catalogue.network(named)
        except InputError as error:
            raise InputError(f"{path}: says that it is an {error}") from None
    names = _candidates(contents)
    if len(names) == 1:
        return catalogue.network(names[0])
    known = f"it fits {', '.join(names)}: say which" if names else "it fits none of the known networks"
    raise InputError(f"{path}: does not say which network it is; {known}")


def _candidates(contents: untrusted.Contents) -> tuple[str, ...]:
    """Networks whose keys and shapes a file has, those published in its layout where there are such."""
    names = state_dict_match.fits(contents.state)
    alike = tuple(name for name in names if catalogue.network(name).published == contents.layout)
    return alike or names


def _training(
    path: Path | str, contents: untrusted.Contents, record: catalogue.Network, asked: str | None, classes: int | None
) -> tuple[str, int]:
    """Settle training set and number of classes, from what was asked, what the file says, and its classifier."""
    named = contents.training
    usual = {training: feed.classes for training, feed in record.feeds.items()}
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


def _fitting(contents: untrusted.Contents) -> str:
    return ", ".join(state_dict_match.fits(contents.state)) or "none of the known networks"


def _apart(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy every entry, so that bytes do not depend on which entries share memory."""
    return {key: value.detach().to("cpu", copy=True).contiguous() for key, value in state.items()}


def _save(content: dict[str, Any], path: Path | str) -> None:
    with whole(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)  # to an open file: given a path, torch writes the file's name into it
