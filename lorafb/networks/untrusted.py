"""Checkpoint files that others wrote: read without running anything from them, and sorted by family.

A pickle can run any program when it is loaded. Files are loaded with `weights_only=True` and what published files need
beyond tensors: either `argparse.Namespace` or the classes of one NumPy float64, never both, nothing else.
"""

import argparse
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lorafb.files import InputError
from lorafb.networks import catalogue

FORMAT, FORMAT_VERSION = "lorafb-checkpoint", 1
OURS = {
    "format": str,
    "format_version": int,
    "network": str,
    "training": str,
    "classes": int,
    "state_dict": dict,
    "meta": str,
}
"""Entries of our own format, and their types; `meta` is JSON."""
PREFIX = "module."
DATASETS = {"UCF101": "ucf101", "UCF101_subset": "ucf101_subset", "UCF101_random": "ucf101_random"}
"""Names of the data sets in the published arguments, and ours."""

_SCALAR = np.float64(0).__reduce__()[0]
ALLOWED: tuple[tuple[str, Sequence[Any]], ...] = (
    ("", ()),
    ("model", (argparse.Namespace,)),
    (
        "state_dict",
        (
            (_SCALAR, "numpy.core.multiarray.scalar"),
            (_SCALAR, "numpy._core.multiarray.scalar"),  # its name since NumPy 2
            np.dtype,
            type(np.dtype(np.float64)),
        ),
    ),
)
"""What a file may name beyond tensors and plain values, by the key of its weights; torch itself allows
`_codecs.encode`, which a NumPy scalar needs."""
ASKED = re.compile(r"(GLOBAL |but got <class '|unrecognized function )(?P<name>[\w.]+)")
"""Where torch's refusals name what a file asked for."""
KNOWN = ("argparse.Namespace", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype")
"""Names that published files do hold, as a refusal spells them."""


@dataclass(frozen=True)
class Contents:
    """What a checkpoint file holds.

    Attributes
    ----------
    family : str
        What kind of file it is, in words.
    layout : (str, str)
        Key of the weights, and what stood before each of their names (taken off).
    state : dict of str to anything
        Where a state dict belongs; not yet checked.
    network, training : str or None
        What the file says of itself.
    classes : int or None
        What the file says of itself.
    meta : dict
        Everything else that is plain; fits JSON.
    """

    family: str
    layout: tuple[str, str]
    state: dict[str, Any]
    network: str | None = None
    training: str | None = None
    classes: int | None = None
    meta: dict[str, Any] = field(default_factory=dict)


def load(path: Path | str) -> Contents:
    """Read a checkpoint file of any family.

    Raises
    ------
    InputError
        No such file, not readable, truncated, names something that is not allowed, or holds no weights.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    content = _unpickled(path, _start(path))
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {_article(type(content).__name__)}, expected a dict with the weights")
    if content.get("format") is not None:
        return _ours(path, content)
    for key, read in (("model", _study), ("state_dict", _project)):
        if isinstance(content.get(key), Mapping):
            return read(path, content)
    keys = ", ".join(str(key)[:40] for key in list(content)[:5]) or "nothing"
    raise InputError(f"{path}: holds {keys}, expected weights under 'model' or 'state_dict'")


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _unpickled(path: Path, start: bytes) -> Any:
    """Unpickle with the first list of allowed names that does."""
    refused: list[str] = []
    for root, names in ALLOWED:
        try:
            with warnings.catch_warnings(), torch.serialization.safe_globals(list(names)):
                warnings.simplefilter("ignore")  # of a strange file the error says more
                content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged or hostile pickle raises whatever it likes
            found = ASKED.search(str(error))
            if found is None:
                raise InputError(f"{path}: {_damage(start, error)}") from None
            refused.append(found["name"].rstrip("."))
        else:
            if not root or (isinstance(content, dict) and root in content):
                return content
    strange = [name for name in dict.fromkeys(refused) if name not in KNOWN] or sorted(set(refused))
    raise InputError(
        f"{path}: asks for {' and '.join(strange[:2])}, which no such checkpoint needs; nothing of it was run"
    )


def _damage(start: bytes, error: Exception) -> str:
    if not start:
        return "is empty"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not a checkpoint; download it again"
    text = str(error).partition("WeightsUnpickler error:")[2] or str(error)
    reason = " ".join(text.split()).split(". ")[0].split(" Check the doc")[0][:120] or type(error).__name__
    return f"is no readable checkpoint, or a truncated one ({reason})"


def _ours(path: Path, content: dict[str, Any]) -> Contents:
    for key, kind in OURS.items():
        if not isinstance(content.get(key), kind):
            found = _article(type(content.get(key)).__name__)
            raise InputError(f"{path}: '{key}' is {found}, expected {kind.__name__}")
    name, version = content["format"], content["format_version"]
    if name != FORMAT:
        raise InputError(f"{path}: holds format {name[:40]!r}, expected '{FORMAT}'")
    if version != FORMAT_VERSION:
        raise InputError(f"{path}: has version {version} of {FORMAT}, this program reads version {FORMAT_VERSION}")
    try:
        meta = json.loads(content["meta"])
    except ValueError as error:
        raise InputError(f"{path}: 'meta' is no JSON ({error})") from None
    if not isinstance(meta, dict):
        raise InputError(f"{path}: 'meta' holds {_article(type(meta).__name__)}, expected an object")
    says = (content["network"], content["training"], content["classes"])
    return Contents(FORMAT, ("state_dict", ""), content["state_dict"], *says, meta)


def _study(path: Path, content: dict[str, Any]) -> Contents:
    """Read a checkpoint of the study's own training: weights under `model`, arguments under `args`."""
    namespace = content.get("args")
    arguments = dict(vars(namespace)) if isinstance(namespace, argparse.Namespace) else {}
    meta = {**_json_entries(content), "args": _json_entries(arguments)}
    training = DATASETS.get(str(arguments.get("dataset")))
    state = dict(content["model"])
    return Contents(
        "published, of the spiking study", ("model", ""), state, _network_of(arguments), training, meta=meta
    )


def _network_of(arguments: Mapping[str, Any]) -> str | None:
    """Name of the network in the arguments of its training."""
    if isinstance(arguments.get("model_name"), str):
        return str(arguments["model_name"])
    others = (arguments.get(key) for key in ("model", "arch", "network"))
    return next((name for name in others if isinstance(name, str) and name in catalogue.names()), None)


def _project(path: Path, content: dict[str, Any]) -> Contents:
    """Read a checkpoint with weights under `state_dict`: of the CORnet or the ventral-dorsal project."""
    state = {str(key): value for key, value in content["state_dict"].items()}
    prefixed = bool(state) and all(PREFIX in key for key in state)
    if prefixed:
        bare = {key.partition(PREFIX)[2]: value for key, value in state.items()}
        if len(bare) != len(state):
            raise InputError(f"{path}: two keys of its state_dict are one after '{PREFIX}' is taken off")
        state = bare
    prefix, keys = (PREFIX, f"keys prefixed '{PREFIX}'") if prefixed else ("", "keys without prefix")
    return Contents(f"published, state_dict with {keys}", ("state_dict", prefix), state, meta=_json_entries(content))


def _json_entries(content: Mapping[str, Any]) -> dict[str, Any]:
    """Entries that fit JSON: texts, numbers, and lists of these."""
    entries: dict[str, Any] = {}
    for key, value in content.items():
        value = value.item() if isinstance(value, np.generic) else value
        items = value if isinstance(value, list | tuple) else [value]
        if all(item is None or isinstance(item, str | int | float | bool) for item in items):
            entries[str(key)] = list(items) if isinstance(value, list | tuple) else value
    return entries


def _article(name: str) -> str:
    return "nothing" if name == "NoneType" else f"a {name}"
