"""Checkpoint files that others wrote: read without running anything from them, and taken apart into sets of weights.

A pickle can run any program when it is loaded. So files are loaded with `weights_only=True`, and what they hold beside
tensors and plain values is made from the harmless stand-ins of `ALLOWED` alone, whatever a file asks for.
"""

import argparse
import datetime
import json
import pickle
import re
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from lorafb.files import InputError, one_line
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
DATASETS = {"UCF101": "ucf101", "UCF101_subset": "ucf101_subset", "UCF101_random": "ucf101_random"}
"""Names of the data sets in the published arguments, and ours."""


class _NumberType:
    """In place of `numpy.dtype`, whose pickled state can make bytes pass for pointers: a type of numbers or text."""

    def __init__(self, name: str, *_: Any) -> None:
        if not isinstance(name, str) or not re.fullmatch(r"[<>=|]?([?bB]|[biufcSU]\d{1,4})", name):
            raise pickle.UnpicklingError(f"GLOBAL numpy.object of type {str(name)[:20]}")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])

    @staticmethod
    def real(kind: Any) -> np.dtype[Any]:
        """Give the type that stands behind this one; whatever else a file puts here is refused."""
        if type(kind) is not _NumberType:
            raise pickle.UnpicklingError(f"a {type(kind).__name__} where a type of numbers belongs")
        return kind.dtype


class _Array(np.ndarray[Any, Any]):
    """In place of `numpy.ndarray` and the function that begins one: numbers copied from bytes, nothing else."""

    def __new__(cls, *_: Any) -> "_Array":
        return super().__new__(cls, (0,), np.uint8)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, in_fortran_order, values = state
        super().__setstate__((1, shape, _NumberType.real(kind), in_fortran_order, values))


def _scalar(kind: _NumberType, value: bytes) -> Any:
    return np.frombuffer(value, _NumberType.real(kind))[0]


class _Entries:
    """In place of every kind of dict."""

    def __new__(cls, *_: Any) -> OrderedDict[str, Any]:  # type: ignore[misc]
        return OrderedDict()


class _Sequence(list[Any]):
    """In place of every kind of list."""

    def __init__(self, *_: Any) -> None:
        super().__init__()


def _nothing(*_: Any) -> None:
    """In place of types that settings name."""


_LIGHTNING = ("lightning.fabric", "lightning_fabric", "pytorch_lightning")
_CONFIGS = "omegaconf"
_STAND_INS: dict[Any, tuple[str, ...]] = {
    argparse.Namespace: (
        "argparse.Namespace",
        "types.SimpleNamespace",
        *(f"{_CONFIGS}.{name}" for name in ("dictconfig.DictConfig", "listconfig.ListConfig", "nodes.AnyNode")),
        *(f"{_CONFIGS}.nodes.{kind}Node" for kind in ("String", "Integer", "Float", "Boolean")),
        *(f"{_CONFIGS}.base.{name}" for name in ("ContainerMetadata", "Metadata")),
    ),
    _Entries: (
        "collections.defaultdict",
        *(f"{package}.utilities.data.AttributeDict" for package in _LIGHTNING),
        *(f"{package}.utilities.parsing.AttributeDict" for package in ("lightning.pytorch", "pytorch_lightning")),
        "easydict.EasyDict",
        "yacs.config.CfgNode",
        "fvcore.common.config.CfgNode",
    ),
    _Sequence: ("collections.deque",),
    _nothing: (
        *(f"builtins.{kind.__name__}" for kind in (bool, bytes, dict, float, frozenset, int, list, str, tuple)),
        "typing.Any",
        "numpy.ndarray",
    ),
    PurePosixPath: tuple(
        f"{module}.{kind}Path"
        for module in ("pathlib", "pathlib._local")
        for kind in ("Posix", "PurePosix", "Windows", "PureWindows")
    ),
    str: ("torch.torch_version.TorchVersion",),
    **{kind: (f"datetime.{kind.__name__}",) for kind in (datetime.datetime, datetime.date, datetime.timedelta)},
    datetime.timezone: ("datetime.timezone",),
    _NumberType: ("numpy.dtype",),
    _Array: ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"),
    _scalar: ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"),
}
ALLOWED = [(stand_in, name) for stand_in, names in _STAND_INS.items() for name in names]
"""What a file may name beyond what torch itself allows (tensors and plain values), and what it gets instead."""
ASKED = re.compile(r"(GLOBAL |but got <class '|unrecognized function )(?P<name>[\w.]+)")
"""Where torch's refusals name what a file asked for."""


@dataclass(frozen=True)
class Contents:
    """What a checkpoint file holds.

    Attributes
    ----------
    family : str
        What kind of file it is, in words.
    sets : dict
        Sets of weights by the keys that lead to them, joined by "/" ("" for a file that is one); not yet checked.
    network, training : str or None
        What the file says of itself.
    classes : int or None
        What the file says of itself.
    meta : dict
        Everything else that is plain; fits JSON.
    """

    family: str
    sets: dict[str, dict[str, Any]]
    network: str | None = None
    training: str | None = None
    classes: int | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Whether it is in our own format."""
        return self.family == FORMAT


def load(path: Path | str) -> Contents:
    """Read a checkpoint file of any family.

    Raises
    ------
    InputError
        No such file, not readable, truncated, names something that is not allowed, or holds no weights.
    """
    path = Path(path)
    if path.is_dir():
        held = ", ".join(sorted(one.name for one in path.iterdir())[:4]) or "nothing"
        raise InputError(f"{path}: is a folder, expected a file of weights in it; it holds {held}")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    start = _start(path)
    told: Mapping[str, Any] = {}
    if is_safetensors(start):
        (content, told), family = _safetensors(path), "safetensors"
    else:
        content, family = _unpickled(path, start), "weights"
        told = content if isinstance(content, Mapping) else {}
    if told.get("format") is not None and family == "weights":
        return _ours(path, dict(content))
    sets = dict(
        _sets({str(at): one for at, one in enumerate(content)} if isinstance(content, list | tuple) else content)
    )
    if not sets:
        raise InputError(f"{path}: {_holds(content)}, expected weights: a state dict, bare or under a key")
    args = told.get("args")
    args = vars(args) if isinstance(args, argparse.Namespace) else args
    arguments: Mapping[str, Any] = args if isinstance(args, Mapping) else {}
    meta = _json_entries(told)
    if arguments:
        meta["args"] = _json_entries(arguments)
    training = DATASETS.get(str(arguments.get("dataset")))
    return Contents(family, sets, _network_of(arguments) or _network_of(told), training, meta=meta)


def is_safetensors(start: bytes) -> bool:
    """Whether a file that begins so is of safetensors: the length of a header, and the header, which is JSON."""
    return len(start) > 9 and start[8:9] == b"{" and start[6:8] == b"\0\0"


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safetensors.safe_open(path, "pt") as file:
            told = file.metadata() or {}
        return safetensors.torch.load_file(path), {key: value for key, value in told.items() if key != "format"}
    except (safetensors.SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{path}: is no readable safetensors file, or a truncated one ({one_line(error)})") from None


def _unpickled(path: Path, start: bytes) -> Any:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if problem := _foreign(archive.namelist()):
                    raise InputError(f"{path}: {problem}")
                unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > path.stat().st_size:
                raise InputError(
                    f"{path}: would unpack to {unpacked} bytes, more than it has; torch writes no such file"
                )
        with warnings.catch_warnings(), torch.serialization.safe_globals(list(ALLOWED)):
            warnings.simplefilter("ignore")  # of a strange file the error says more
            return torch.load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile pickle raises whatever it likes
        found = ASKED.search(str(error))
        if found is None:
            raise InputError(f"{path}: {_damage(start, error)}") from None
        raise InputError(
            f"{path}: asks for {found['name'].rstrip('.')}, which no weights need; nothing of it was run."
            " Save the weights alone: torch.save(model.state_dict(), file)"
        ) from None


def _foreign(members: Sequence[str]) -> str:
    """Say what an archive is that is not a checkpoint; empty of one that may be."""
    if any("/code/" in name for name in members):
        return "is a TorchScript program, which would be run; save model.state_dict() instead"
    if any(name.endswith(".npy") for name in members):
        return "holds arrays of NumPy; save them as torch.save({name: torch.from_numpy(array) for name, array in ...}, file)"
    return ""


def _damage(start: bytes, error: Exception) -> str:
    if not start:
        return "is empty"
    if start.startswith(b"\x89HDF"):
        return "is HDF5 (of Keras?), expected a file of torch or safetensors"
    if start.startswith(b"{"):
        return "is JSON; the index of weights in several files is not read: join them into one file (docs/networks.md)"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not a checkpoint; download it again"
    if start.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS, not the checkpoint; `git lfs pull` gets it"
    text = str(error).partition("WeightsUnpickler error:")[2] or str(error)
    if "Unsupported operand 149" in text:
        return "was saved with pickle_protocol 4 or 5, which torch's safe reader does not read; save it without"
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
    return Contents(FORMAT, {"state_dict": content["state_dict"]}, *says, meta)


def _sets(content: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find dicts that are mostly tensors under text keys, at most three keys deep; NumPy arrays become tensors."""
    if not isinstance(content, Mapping):
        return
    held = {key: _tensor(value) for key, value in content.items() if isinstance(key, str)}
    if 2 * sum(isinstance(value, Tensor) for value in held.values()) > len(content):
        yield "/".join(place), held
    elif len(place) < 3:
        for key, value in held.items():
            yield from _sets(value, (*place, key))


def _tensor(value: Any) -> Any:
    if isinstance(value, _Array) and value.dtype.kind in "biuf":
        return torch.from_numpy(np.array(value, value.dtype.newbyteorder("=")))
    return value


def _network_of(arguments: Mapping[str, Any]) -> str | None:
    """Name of the network in the arguments of its training."""
    if isinstance(arguments.get("model_name"), str):
        return str(arguments["model_name"])
    others = (arguments.get(key) for key in ("model", "arch", "network"))
    return next((name for name in others if isinstance(name, str) and name in catalogue.names()), None)


def _json_entries(content: Mapping[str, Any]) -> dict[str, Any]:
    """Entries that fit JSON: texts, numbers, and lists of these."""
    entries: dict[str, Any] = {}
    for key, value in content.items():
        is_list = isinstance(value, list | tuple)
        items = [item.item() if isinstance(item, np.generic) else item for item in (value if is_list else [value])]
        if all(item is None or isinstance(item, str | int | float | bool) for item in items):
            entries[str(key)] = items if is_list else items[0]
    return entries


def _holds(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"holds {_article(type(content).__name__)}"
    return f"holds {', '.join(str(key)[:40] for key in list(content)[:5]) or 'nothing'}"


def _article(name: str) -> str:
    return "nothing" if name == "NoneType" else f"a {name}"
