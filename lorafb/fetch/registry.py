"""Which files can be fetched, from where, under which licence: read from registry.yaml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from lorafb.files import InputError, nearest

FILE = Path(__file__).with_name("registry.yaml")
BRACES = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True)
class Mirror:
    """A place where a file can be fetched.

    Attributes
    ----------
    kind, source : str
        "https": an address. "drive": the id of a shared Google Drive folder. "archive": the path of another asset.
        "images": an address with `{number}` in it, of grey images, numbered from 0, that form one array.
    name : str
        The file in the folder (its path, or its name where only one file has it), or in the archive.
    count : int
        Number of images.
    """

    kind: Literal["https", "drive", "archive", "images"]
    source: str
    name: str = ""
    count: int = 0

    def __str__(self) -> str:
        words = {
            "https": self.source,
            "drive": f"Google Drive folder {self.source} ({self.name})",
            "archive": f"{self.name} in {self.source}",
            "images": f"{self.count} images, {self.source}",
        }
        return words[self.kind]


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes
    ----------
    path : str
        Its place below the data folder.
    what, licence : str
    cite : tuple of str
    mirrors : tuple of Mirror
        Where it can be fetched, in the order in which they are tried.
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
        """Where it can be fetched, in words."""
        return " or ".join(map(str, self.mirrors)) or self.by_hand


class Group(NamedTuple):
    """Files of one kind: their paths as the registry writes them, and the files."""

    patterns: tuple[str, ...]
    assets: tuple[Asset, ...]


@cache
def groups() -> tuple[Group, ...]:
    """Read the registry in its groups."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(_group(group, content["citations"]) for group in content["groups"])


@cache
def assets() -> dict[str, Asset]:
    """Read the registry: path below the data folder to Asset."""
    return {asset.path: asset for group in groups() for asset in group.assets}


def find(path: str) -> Asset:
    """Find an asset by its path, or the last part of it; InputError with the nearest for an unknown one."""
    known = assets()
    matches = [known[path]] if path in known else [one for name, one in known.items() if path == Path(name).name]
    if len(matches) != 1:
        hint = f"; there are {', '.join(one.path for one in matches)}" if matches else nearest(path, known)
        raise InputError(f"{path!r} is {'more than one file' if matches else 'no file'} of the registry{hint}")
    return matches[0]


def split(file: str) -> tuple[str, str] | None:
    """Split a path of a study into data folder and path of the registry; None where the registry has none."""
    matches = [path for path in assets() if file == path or file.endswith(f"/{path}")]
    if not matches:
        return None
    path = max(matches, key=len)
    return file[: -len(path) - 1] or ".", path


def of_study(file: str, where: str = "as the config says") -> tuple[Asset, Path]:
    """Asset and data folder of a file that a study names; a person must get what the registry does not know."""
    known = split(file)
    if known is None:
        return Asset(file, "a file of the study", "not stated", (), by_hand=where), Path()
    return assets()[known[1]], Path(known[0])


def _group(group: dict[str, Any], citations: dict[str, str]) -> Group:
    if "rows" in group:
        patterns = (group["path"],)
        rows = [(group["path"].format(**row), row) for row in group["rows"]]
    else:
        patterns = tuple(group["files"])
        rows = [(path, {}) for pattern in patterns for path in _expand(pattern)]
    return Group(patterns, tuple(_asset(path, group | row, row, citations) for path, row in rows))


def _asset(path: str, entry: dict[str, Any], row: dict[str, Any], citations: dict[str, str]) -> Asset:
    return Asset(
        path,
        cite=tuple(citations[name] for name in entry["cite"]),
        mirrors=tuple(_mirror(mirror, path, row) for mirror in entry.get("from", ())),
        shape=tuple(entry.get("shape", ())),
        **{key: entry[key] for key in ("what", "licence", "by_hand", "size", "sha256", "md5_of_array") if key in entry},
    )


def _mirror(mirror: dict[str, Any], path: str, row: dict[str, Any]) -> Mirror:
    if "https" in mirror:
        return Mirror("https", mirror["https"].format(**row))
    if "images" in mirror:
        return Mirror("images", mirror["images"], count=mirror["count"])
    name = Path(path).relative_to(mirror["below"]).as_posix()
    return Mirror("drive", mirror["drive"], name) if "drive" in mirror else Mirror("archive", mirror["archive"], name)


def _expand(pattern: str) -> Iterator[str]:
    """Expand {a,b} as a shell does."""
    parts = BRACES.split(pattern)  # at odd places: what the braces enclose
    for chosen in product(*(part.split(",") if place % 2 else [part] for place, part in enumerate(parts))):
        yield "".join(chosen)
