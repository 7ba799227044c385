"""Turn validation errors into lines that name the key, the value and what is allowed."""

import re
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from lorafb.config import yaml12
from lorafb.files import nearest

REPLACED = {
    "metric": "`metrics`, a list: `metrics: [tsrsa]`",
    "experiments.regression": "`metrics` at the top: `metrics: [tsrsa, regression]`, or without regression `[tsrsa]`",
}
"""Keys of earlier versions, and what to write instead."""
UNQUOTED = ("int_type", "float_type", "bool_type")
"""Errors of pydantic about text where another type is expected."""


def texts(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """List the keys whose value should be text and is not."""
    return [_follow(one["loc"], model)[0] for one in error.errors(include_url=False) if one["type"] == "string_type"]


def problems(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """List what is wrong, one line a problem: key, value, what is allowed, the nearest valid name."""
    return [_problem(one, model) for one in error.errors(include_url=False)]


def _problem(one: Any, model: type[BaseModel]) -> str:
    key, owner, annotation = _follow(one["loc"], model)
    value = one["input"]
    if one["type"] == "extra_forbidden":
        if key in REPLACED:
            return f"{key}: is no longer a key; write {REPLACED[key]}"
        allowed = list(owner.model_fields) if owner else []
        return f"{key}: unknown key{nearest(key.rpartition('.')[2], allowed)}; allowed are {', '.join(allowed)}"
    if one["type"] == "missing":
        return f"{key}: is missing{_meaning(owner, key)}"
    if one["type"] in ("union_tag_not_found", "union_tag_invalid"):
        allowed = list(kinds(annotation))
        tag = value.get("kind") if isinstance(value, dict) else None
        problem = f"'{tag}' is none of" if tag is not None else "needs a kind, one of"
        return f"{key}.kind: {problem} {', '.join(allowed)}{nearest(str(tag), allowed)}"
    if one["type"] == "literal_error":
        allowed = [part.strip(" '") for part in one["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return f"{key}: {value!r} is none of {', '.join(allowed)}{nearest(str(value), allowed)}"
    if one["type"] == "string_pattern_mismatch":
        return f"{key}: '{value}' must consist of letters, digits and _: names become part of file names"
    if one["type"] == "string_type" and isinstance(value, bool | int | float):
        text = str(value).lower() if isinstance(value, bool) else value
        return f'{key}: {text} is no text but {_what(value)}; as text it needs quotes: "{text}"'
    if isinstance(value, str) and not isinstance(read := yaml12.scalar(value), str) and one["type"] in UNQUOTED:
        return f'{key}: "{value}" is text, expected {_what(read)}; write it without quotes'
    if one["type"] == "bool_type" and str(value).lower() in ("yes", "no", "on", "off"):
        return f"{key}: '{value}' is text; write true or false"
    message = re.sub(r" or (instance of|object to).*", "", one["msg"][:1].lower() + one["msg"][1:])
    return f"{key}: '{str(value)[:60]}': {message.replace('input should', 'should').replace('dictionary', 'table of keys')}"


def _what(value: object) -> str:
    return "true or false" if isinstance(value, bool) else "nothing" if value is None else "a number"


def _meaning(owner: type[BaseModel] | None, key: str) -> str:
    field = owner.model_fields.get(key.rpartition(".")[2]) if owner else None
    return f" ({field.description})" if field and field.description else ""


def _follow(path: tuple[str | int, ...], model: type[BaseModel]) -> tuple[str, type[BaseModel] | None, Any]:
    """Follow an error's path: the key as the user wrote it, the model that has its last step, the annotation there."""
    here: Any = model
    owner: type[BaseModel] | None = None
    steps: list[str] = []
    for step in path:
        if step in kinds(here):  # the path of an error holds a union's kind, which is no key of the file
            here = kinds(here)[str(step)]
            continue
        inner = plain(here)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            owner = inner
            here = owner.model_fields[str(step)].annotation if step in owner.model_fields else None
        elif get_origin(inner) in (dict, list):
            here = get_args(inner)[-1]
        else:  # a branch of a plain union, or pydantic's mark for a key
            continue
        if step != "[key]":  # pydantic's mark for a key that is wrong itself
            steps.append(str(step))
    return ".".join(steps) or "the config", owner, here


def plain(annotation: Any) -> Any:
    """Annotation without None and without metadata."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    options = [one for one in get_args(annotation) if one is not type(None)]
    optional = len(options) == 1 and len(get_args(annotation)) == 2 and get_origin(annotation) not in (dict, list)
    return plain(options[0]) if optional else annotation


def kinds(annotation: Any) -> dict[str, type[BaseModel]]:
    """Models of a union (or a single one) by the value of their `kind`; empty where there is none."""
    found = {}
    inner = plain(annotation)
    for one in get_args(inner) or (inner,):
        if isinstance(one, type) and issubclass(one, BaseModel) and "kind" in one.model_fields:
            found[str(get_args(one.model_fields["kind"].annotation)[0])] = one
    return found
