"""Which files can be fetched, from where, under which licence: read from the committed registry."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from lorafb.files import InputError, nearest

FILE = Path(__file__).with_name("registry.yaml")
BRACES = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True)
class Https:
    """A file at an address."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True)
class Drive:
    """A file of a shared Google Drive folder, found there by its path or its name."""

    folder: str
    name: str

    def __str__(self) -> str:
        return f"Google Drive folder {self.folder} ({self.name})"


@dataclass(frozen=True)
class Member:
    """A file inside an archive, which is an asset itself (its path in the registry)."""

    archive: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} in {self.archive}"


@dataclass(frozen=True)
class Images:
    """Grey images, numbered from 0 at `{number}` of an address, that together are one array."""

    address: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} images, {self.address}"


Mirror = Https | Drive | Member | Images


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes
    ----------
    path : str
        Where it goes, below the data folder.
    what, licence : str
    cite : tuple of str
    mirrors : tuple
        Where it is to be had, the first one first.
    by_hand : str
        How a person gets it, where no program can.
    size : int or None
        Bytes, where known.
    sha256 : str
        The hash, or its beginning; empty where it is not known.
    shape : tuple of int
        Of the uint8 array in it; empty for other files.
    md5_of_array : str
        Hash of that array's bytes as others have published it, from another copy of it.
    """

    path: str
    what: str
    licence: str
    cite: tuple[str, ...]
    mirrors: tuple[Mirror, ...] = ()
    by_hand: str = ""
    size: int | None = None
    sha256: str = ""
    shape: tuple[int, ...] = ()
    md5_of_array: str = ""

    @property
    def where(self) -> str:
        """In words, where it is to be had."""
        return " or ".join(str(mirror) for mirror in self.mirrors) or self.by_hand


@dataclass(frozen=True)
class Group:
    """Files of one kind: their paths as the registry writes them, and the files."""

    patterns: tuple[str, ...]
    assets: tuple[Asset, ...]


@cache
def groups(file: Path = FILE) -> tuple[Group, ...]:
    """Read the registry as it is written, one group after the other."""
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    return tuple(_group(group, told["citations"]) for group in told["groups"])


@cache
def assets(file: Path = FILE) -> dict[str, Asset]:
    """Read the registry: path below the data folder to Asset."""
    return {asset.path: asset for group in groups(file) for asset in group.assets}


def find(path: str, file: Path = FILE) -> Asset:
    """Find an asset by its path, or the last part of it; InputError with the nearest for an unknown one."""
    known = assets(file)
    named = [known[path]] if path in known else [one for name, one in known.items() if path == Path(name).name]
    if len(named) != 1:
        hint = f"; there are {', '.join(one.path for one in named)}" if named else nearest(path, known)
        raise InputError(f"{path!r} is {'more than one file' if named else 'no file'} of the registry{hint}")
    return named[0]


def split(file: str) -> tuple[str, str] | None:
    """Part a path that a study names into its data folder and a path of the registry; None where the registry has none."""
    found = [path for path in assets() if file == path or file.endswith(f"/{path}")]
    if not found:
        return None
    path = max(found, key=len)
    return file[: -len(path) - 1] or ".", path


def of_study(file: str, where: str = "as the config says") -> tuple[Asset, Path]:
    """Asset and data folder of a file that a study names; what the registry does not know is a person's to get."""
    known = split(file)
    if known is None:
        return Asset(file, "a file of the study's own", "not stated", (), by_hand=where), Path()
    return assets()[known[1]], Path(known[0])


def _group(told: dict[str, Any], citations: dict[str, str]) -> Group:
    if "rows" in told:
        patterns = (told["path"],)
        named = [(told["path"].format(**row), row) for row in told["rows"]]
    else:
        patterns = tuple(told["files"])
        named = [(path, {}) for pattern in patterns for path in _spelt_out(pattern)]
    return Group(patterns, tuple(_asset(path, told | row, row, citations) for path, row in named))


def _asset(path: str, told: dict[str, Any], row: dict[str, Any], citations: dict[str, str]) -> Asset:
    return Asset(
        path=path,
        what=told["what"],
        licence=told["licence"],
        cite=tuple(citations[name] for name in told["cite"]),
        mirrors=tuple(_mirror(one, path, row) for one in told.get("from", ())),
        by_hand=told.get("by_hand", ""),
        size=told.get("size"),
        sha256=told.get("sha256", ""),
        shape=tuple(told.get("shape", ())),
        md5_of_array=told.get("md5_of_array", ""),
    )


def _mirror(told: dict[str, Any], path: str, row: dict[str, Any]) -> Mirror:
    if "https" in told:
        return Https(told["https"].format(**row))
    if "images" in told:
        return Images(told["images"], told["count"])
    name = Path(path).relative_to(told["below"]).as_posix()
    return Drive(told["drive"], name) if "drive" in told else Member(told["archive"], name)


def _spelt_out(pattern: str) -> Iterator[str]:
    """Spell out {a,b} as a shell does."""
    parts = BRACES.split(pattern)
    for chosen in product(*(part.split(",") if place % 2 else [part] for place, part in enumerate(parts))):
        yield "".join(chosen)
