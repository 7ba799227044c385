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
class Asset:
    """One file.

    Attributes
    ----------
    path : str
        Where it goes, below the data folder.
    what, licence : str
    cite : tuple of str
    urls : tuple of str
        Mirrors, the first one first.
    drive : (str, str) or None
        A Google Drive folder, and the file's path in it.
    by_hand : str
        How a person gets it, where no program can.
    sha256 : str
        The hash, or its beginning; empty where it is not known.
    md5_of_array : str
        Hash of the array's own bytes, where that is what is known.
    """

    path: str
    what: str
    licence: str
    cite: tuple[str, ...]
    urls: tuple[str, ...] = ()
    drive: tuple[str, str] | None = None
    by_hand: str = ""
    sha256: str = ""
    md5_of_array: str = ""

    @property
    def where(self) -> str:
        """In words, where it is to be had."""
        if self.urls:
            return " or ".join(self.urls)
        if self.drive:
            return f"Google Drive folder {self.drive[0]} ({self.drive[1]})"
        return self.by_hand


@cache
def assets(file: Path = FILE) -> dict[str, Asset]:
    """Read the registry: path below the data folder to Asset."""
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {asset.path: asset for group in told["groups"] for asset in _group(group, told["citations"])}


def find(path: str, file: Path = FILE) -> Asset:
    """Find an asset by its path, or the last part of it; InputError with the nearest for an unknown one."""
    known = assets(file)
    named = [one for name, one in known.items() if path in (name, Path(name).name)]
    if len(named) != 1:
        hint = f"; there are {', '.join(one.path for one in named)}" if named else nearest(path, known)
        raise InputError(f"{path!r} is {'more than one file' if named else 'no file'} of the registry{hint}")
    return named[0]


def _group(told: dict[str, Any], citations: dict[str, str]) -> Iterator[Asset]:
    https = told.get("https", ())
    for pattern in told["files"]:
        for path in _spelt_out(pattern):
            below = told["drive"]["below"] if "drive" in told else ""
            yield Asset(
                path=path,
                what=told["what"],
                licence=told["licence"],
                cite=tuple(citations[name] for name in told["cite"]),
                urls=(https,) if isinstance(https, str) else tuple(https),
                drive=(told["drive"]["folder"], str(Path(path).relative_to(below))) if "drive" in told else None,
                by_hand=told.get("by_hand", ""),
                sha256=told.get("sha256", told.get("sha256_begins", "")),
                md5_of_array=told.get("md5_of_array", ""),
            )


def _spelt_out(pattern: str) -> Iterator[str]:
    """Spell out {a,b} as a shell does."""
    parts = BRACES.split(pattern)
    for chosen in product(*(part.split(",") if place % 2 else [part] for place, part in enumerate(parts))):
        yield "".join(chosen)


def split(file: str) -> tuple[str, str] | None:
    """Part a path that a study names into its data folder and a path of the registry; None where the registry has none."""
    found = [path for path in assets() if file == path or file.endswith(f"/{path}")]
    return (file[: -len(found[0]) - 1] or ".", found[0]) if found else None
