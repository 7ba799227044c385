"""Networks of other people as plain records, by name (`torchvision:resnet18`, `timm:NAME`, `module:function`), without torch.

What there is to know of one is found by `lorafb.networks.library` in a process of its own, once: the answer is kept in the
user's cache, under the versions of the libraries and the code of the function's module.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lorafb.files import InputError, write_json
from lorafb.networks.catalogue import Feed, Network, Normalisation

LIBRARIES = ("torch", "torchvision", "timm")


def is_named(network: str) -> bool:
    """Whether a network is given by a library's or a function's name, not by one of the catalogue."""
    return ":" in network


def module(network: str) -> str | None:
    """Name of the Python module that builds a network of a person's own; None for a library's."""
    library = network.partition(":")[0]
    return None if library in LIBRARIES else library


@cache
def find(name: str, training: str) -> Network:
    """Record of a network by name.

    Parameters
    ----------
    name : str
    training : str
        Name of its training set, for tables.

    Raises
    ------
    InputError
        There is none of that name, its library is not installed, or it takes frames in no known way.
    """
    found = _found(name)
    if "error" in found:
        raise InputError(found["error"])
    pixels = Normalisation(mean=found["mean"], deviation=found["deviation"])
    feed = Feed(
        kind=found["feed"],
        chunk=found["frames"] or 16,
        reduce="last",
        normalisation=pixels,
        classes=found["classes"],
    )
    layers = found["layers"]
    return Network(
        name,
        "lorafb.networks.library:build",
        (*(one["name"] for one in layers if one["is_block"]), ""),
        {training: feed},
        {"source": name, **{key: found[key] for key in ("kind", "frames", "time_axis")}},
        scene_steps=found["frames"] or 1,
        only_size=found["size"] if found["fixed_size"] else None,
        usual_size=found["size"],
        known=tuple(one["name"] for one in layers),
    )


def describe(name: str) -> list[str]:
    """Say how a network takes frames, and list its layers, a line each."""
    found = _found(name)
    if "error" in found:
        raise InputError(found["error"])
    ways = {
        "still": "each frame alone",
        "clip": f"clips of {found['frames']} frames",
        "stateful": "frame by frame, its state carried on",
    }
    size = f"{found['size']} pixels{' only' if found['fixed_size'] else ''}"
    stated = "of its library" if found["stated"] else "assumed, as of ImageNet"
    lines = [
        f"{name}: sees {ways[found['feed']]}, {size}; mean {found['mean']} and deviation {found['deviation']} of pixels"
        f" {stated}; {found['classes']} classes",
        "* marks the blocks, which `layers: auto` scores; shapes are of one frame, with * T for the time steps of a clip",
    ]
    for one in found["layers"]:
        shape, steps = one["shape"], ""
        if found["feed"] == "clip":
            steps, shape = f"{shape[0]} T x ", shape[1:]
        if len(shape) == 3 and shape[0] == shape[1] != shape[2]:  # channels last
            shape = [shape[2], *shape[:2]]
        more = [f"{one['calls']} calls"] * (one["calls"] > 1) + [f"{one['tensors']} tensors"] * (one["tensors"] > 1)
        star = "*" if one["is_block"] else " "
        lines.append(f"{star} {one['name']:48} {steps}{'x'.join(map(str, shape)) or '1'}  {', '.join(more)}".rstrip())
    if found["mixing_time"]:
        lines.append(f"not offered, since they mix time: {', '.join(found['mixing_time'])}")
    return lines


def look_up(names: Iterable[str]) -> None:
    """Find out what is not in the cache, of all networks in one process: each process loads torch for seconds."""
    missing = [name for name in dict.fromkeys(names) if installed(name) and not _kept(name).is_file()]
    for name, found in (_asked(tuple(missing)) if missing else {}).items():
        if "error" not in found:
            write_json(_kept(name), found)


def _found(name: str) -> dict[str, Any]:
    """Look a network up in the cache, or find it out anew."""
    if not installed(name):
        raise InputError(f"network '{name}': timm is not installed; `pip install 'lorafb[timm]'` gets it")
    look_up([name])
    if _kept(name).is_file():
        return dict(json.loads(_kept(name).read_text(encoding="utf-8")))
    return _asked((name,))[name]


def installed(name: str) -> bool:
    """Whether the library that a network's name asks for is here, where it is one that may be missing."""
    return name.partition(":")[0] != "timm" or find_spec("timm") is not None


@cache
def _asked(names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    path = os.pathsep.join([str(Path.cwd()), *sys.path])  # modules beside the config, as the jobs see them
    command = [sys.executable, "-m", "lorafb.networks.library", *names]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise InputError(f"network {', '.join(names)}: cannot be tried: {lines[-1][:200]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _kept(name: str) -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "lorafb" / "networks" / f"{_digest(name)}.json"


@cache
def _digest(name: str) -> str:
    """Digest of all that an answer depends on."""
    versions = [f"{one} {metadata.version(one)}" for one in LIBRARIES if find_spec(one)]
    module = f"{name.partition(':')[0].replace('.', '/')}.py"
    own = [folder / module for folder in (Path.cwd(), *map(Path, sys.path)) if (folder / module).is_file()]
    files = [Path(__file__).with_name("library.py"), *own[:1]]
    text = "\n".join([name, *versions, *(file.read_text(encoding="utf-8") for file in files)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
