"""Where an artefact comes from, and whether its bytes are still those that were written.

The sidecar `NAME.json` beside an artefact holds its sha256, what it was made from (hashes of inputs, parameters, code, versions)
and, under `run`, when and where. The artefact holds no time and no host, so that equal inputs give equal bytes.
"""

import json
import platform
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from lorafb.files import InputError, found, sha256, whole, write_json

CRATE = "ro-crate-metadata.json"
"""Description of a whole folder of results, which `lorafb crate` writes into it."""
PACKAGES = ("h5py", "numpy", "pandas", "scikit-learn", "scipy", "snakemake", "spikingjelly", "torch")


@dataclass(frozen=True)
class Provenance:
    """What an artefact was made from.

    Attributes
    ----------
    inputs : name (the path as the workflow knows it) to sha256
    parameters : the rule's part of the config
    code : digest of the code (`lorafb.code.digest`)
    """

    inputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"), compare=False)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}


def sidecar(path: Path | str) -> Path:
    """Path of an artefact's sidecar."""
    return Path(f"{path}.json")


@contextmanager
def sealed(path: Path | str, provenance: Provenance, **notes: Any) -> Iterator[Path]:
    """Yield a temporary path; when the block succeeds it becomes the artefact `path`, with its sidecar and `notes` in it."""
    with whole(path) as temporary:
        yield temporary
        digest = sha256(temporary)
        sidecar(path).unlink(missing_ok=True)  # an old sidecar would make the new bytes look damaged
    write_json(
        sidecar(path),
        {
            "sha256": digest,
            "inputs": dict(provenance.inputs),
            "parameters": provenance.parameters,
            "code": provenance.code,
            "versions": versions(),
            "run": {
                "started": provenance.started,
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "host": platform.node(),
                "system": platform.platform(),
                "git": git_state(),
            },
            **notes,
        },
    )


def artefacts(results: Path) -> list[Path]:
    """List the artefacts below a folder of results: the files that have a sidecar."""
    others = (".job.json", CRATE)
    sidecars = [path for path in found(results, "**/*.json") if not path.name.endswith(others)]
    return [path.with_suffix("") for path in sidecars if path.parent.name != "resume"]


def git_state() -> str:
    """Commit of the package's checkout, with `+changes` when the tree is not clean; empty outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+changes", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def verify(path: Path | str) -> dict[str, Any]:
    """Check an artefact's bytes against its sidecar and return the sidecar.

    Raises
    ------
    InputError
        When the file or its sidecar is missing, or the bytes are not those that were written.
    """
    path, beside = Path(path), sidecar(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if not beside.is_file():
        raise InputError(
            f"{path}: its checksum file {beside.name} is missing; delete {path.name} and run the workflow again"
        )
    content: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    state = path.stat()
    written, digest = content.get("sha256"), _digest(path, state.st_ino, state.st_size, state.st_mtime_ns)
    if written != digest:
        raise InputError(
            f"{path}: its bytes have changed since it was written (sha256 {digest[:12]}, expected {str(written)[:12]});"
            f" delete it and run the workflow again"
        )
    return content


@cache
def _digest(path: Path, *_state: int) -> str:
    """Hash a file once in a process, and again where its state has changed: a job checks its inputs, then opens them."""
    return sha256(path)
