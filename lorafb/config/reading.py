"""From YAML to a checked study, or a few lines that say what is wrong."""

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lorafb.config import yaml12
from lorafb.config.checks import address, impossible, is_url, listed, locate, module_files
from lorafb.config.errors import problems, texts
from lorafb.config.model import Study
from lorafb.config.subjects import replicated
from lorafb.files import InputError, write_text

__all__ = [
    "ROOT",
    "address",
    "folders",
    "is_url",
    "listed",
    "load",
    "locate",
    "merged",
    "module_files",
    "overlay",
    "read",
    "study",
    "write",
]

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE / "workflow" if (PACKAGE / "workflow").is_dir() else PACKAGE.parent
"""Folder of the Snakefile: the repository, or its copy inside an installed package."""
QUOTES = re.compile("scanning (an alias|a tag|a directive)|character '[@%`]'|undefined alias|<scalar>")
"""Errors of YAML where text that begins with a sign of YAML stands without quotes."""
OWN = {"movies", "scenes"}
"""Tables that make a config a study of its own: nothing of the default study is then below it."""
REPLACED_WHOLE = {"subjects", "networks"}
"""Tables whose keys are names chosen by a person: they replace those of the default study; `add` adds to them."""


def overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a config over the default study's.

    One that has movies or scenes is a study of its own and starts clean, from the defaults of the keys. Any other changes
    the default study: key by key, but subjects and networks are replaced together.
    """
    if OWN & set(over):
        return dict(over)
    replaced = REPLACED_WHOLE if REPLACED_WHOLE & set(over) else set()
    return _laid({key: value for key, value in base.items() if key not in replaced}, over)


def _laid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid(merged[key], value) if both else value
    return merged


def merged(files: Sequence[Path | str]) -> dict[str, Any]:
    """Read the files of several `--configfile`, each laid over those before it key by key."""
    return reduce(_laid, (load(Path(file)) for file in files), {})


def folders(files: Sequence[Path | str] = ()) -> tuple[Path, ...]:
    """Where files and modules of a config are looked for: beside its files, the last first; here; in the repository."""
    beside = [Path(file).absolute().parent for file in reversed(files)]
    return tuple(dict.fromkeys([*beside, Path.cwd(), ROOT]))


def read(
    default: Path,
    over: Mapping[str, Any] | None = None,
    folders: tuple[Path, ...] = (Path(),),
    typed: Mapping[str, Any] | None = None,
    *,
    inside: bool = True,
) -> Study:
    """Read the default config, lay another over it, and check the whole.

    Parameters
    ----------
    default : path of the YAML of the default study
    over : mapping, optional
        What the files of `--configfile` hold, see `merged`.
    folders : paths
        Where relative files are looked for, in this order.
    inside : bool
        Whether files are opened, to see that recording and stimulus have the same frames: once a start, not in every job.
    typed : mapping, optional
        What `--config` gave. Snakemake leaves numbers inside tables as text, and makes text of digits a number: here
        they become what their keys take.

    Raises
    ------
    InputError
        One line a problem, five at most: the key, the value, what is allowed, the nearest valid name.
    """

    def values(keep: frozenset[str] = frozenset()) -> dict[str, Any]:
        return overlay(load(default), _laid(over or {}, _as_meant(typed or {}, keep)))

    if typed:
        try:
            Study.model_validate(values())
        except ValidationError as error:
            return study(values(frozenset(texts(error, Study))), folders, inside)
    return study(values(), folders, inside)


def _as_meant(value: Any, texts: frozenset[str], key: str = "") -> Any:
    """Convert text to what YAML reads it as, except at the keys that take text: there numbers become text."""
    if isinstance(value, Mapping):
        return {name: _as_meant(one, texts, f"{key}.{name}".lstrip(".")) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_meant(one, texts, f"{key}.{place}") for place, one in enumerate(value)]
    if key in texts:
        return str(value)
    return yaml12.scalar(value) if isinstance(value, str) else value


def load(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a table of keys.

    Raises
    ------
    InputError
        It cannot be read, is no YAML, has a key twice in one table, or is no table of keys.
    """
    try:
        values = yaml12.read(path.read_text(encoding="utf-8"))
    except yaml12.DoubledKey as error:
        raise InputError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is no text in UTF-8; save it as UTF-8") from None
    except FileNotFoundError:
        raise InputError(f"{path}: cannot be read as YAML: no such file") from None
    except (OSError, RecursionError, yaml.YAMLError) as error:
        told = " ".join(str(error).split()).replace(' in "<unicode string>"', "")
        hint = "; indent by spaces, not tabs" if r"'\t'" in told else ""
        hint = hint or ("; text with * @ % ` ! { needs quotes" if QUOTES.search(told) else "")
        raise InputError(f"{path}: cannot be read as YAML: {told}{hint}") from None
    if not isinstance(values, dict):
        found = "an empty file" if values is None else type(values).__name__
        raise InputError(f"{path}: expected a table of keys, found {found}")
    return values


def study(values: Mapping[str, Any], folders: tuple[Path, ...] = (Path(),), inside: bool = True) -> Study:
    """Check a config already read; see `read`."""
    try:
        checked = Study.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(_lines(problems(error, Study))) from None
    if doubled := checked.added_twice():
        raise InputError(_lines(doubled))
    checked = checked.with_added()
    checked = checked.model_copy(update={"subjects": replicated(checked.subjects)})
    found = list(impossible(checked, folders, inside))
    if found:
        raise InputError(_lines(found))
    return checked


def _lines(found: list[str], most: int = 5) -> str:
    rest = [f"... and {len(found) - most} more"] if len(found) > most else []
    return "\n".join(f"config: {line}" for line in found[:most] + rest)


def write(study: Study, path: Path) -> None:
    """Write the resolved config, every default spelt out, as YAML that `read` takes."""
    write_text(path, yaml12.write(study.model_dump(mode="json")))
