"""From YAML to a checked study, or a few lines that say what is wrong."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lorafb.config.checks import impossible, is_url, locate, module_files
from lorafb.config.errors import problems
from lorafb.config.model import Study
from lorafb.config.subjects import replicated
from lorafb.files import InputError, write_text

__all__ = ["is_url", "load", "locate", "module_files", "overlay", "read", "study", "write"]

NUMBER = re.compile(r"-?\d+(\.\d+)?")
REPLACED_WHOLE = (("movies", "scenes"), ("subjects",), ("networks",))
"""Tables whose keys are names chosen by a person: a later file that has one of a group replaces the whole group."""


def overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one config over another: key by key, but tables of chosen names whole."""
    replaced = {key for group in REPLACED_WHOLE if set(group) & set(over) for key in group}
    return _laid({key: value for key, value in base.items() if key not in replaced}, over)


def _laid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid(merged[key], value) if both else value
    return merged


def read(default: Path, over: Mapping[str, Any] | None = None, folders: tuple[Path, ...] = (Path(),)) -> Study:
    """Read the default config, lay another over it, and check the whole.

    Parameters
    ----------
    default : path of the YAML below all others
    over : mapping, optional
        What the command line gave (`--configfile`, `--config`).
    folders : paths
        Where relative files are looked for, in this order.

    Raises
    ------
    InputError
        One line a problem, five at most: the key, the value, what is allowed, the nearest valid name.
    """
    return study(overlay(load(default), _numbers(over or {})), folders)


def _numbers(value: Any) -> Any:
    """Convert numbers in text: Snakemake leaves those inside `--config 'a={b: 5}'` as text."""
    if isinstance(value, Mapping):
        return {key: _numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    return yaml.safe_load(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value


def load(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a table of keys."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a table of keys, found {type(values).__name__}")
    return values


def study(values: Mapping[str, Any], folders: tuple[Path, ...] = (Path(),)) -> Study:
    """Check a config already read; see `read`."""
    try:
        checked = Study.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(_lines(problems(error, Study))) from None
    checked = checked.model_copy(update={"subjects": replicated(checked.subjects)})
    found = list(impossible(checked, folders))
    if found:
        raise InputError(_lines(found))
    return checked


def _lines(found: list[str], most: int = 5) -> str:
    rest = [f"... and {len(found) - most} more"] if len(found) > most else []
    return "\n".join(f"config: {line}" for line in found[:most] + rest)


def write(study: Study, path: Path) -> None:
    """Write the resolved config, every default spelt out, as YAML that `read` takes."""
    write_text(path, yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120))
