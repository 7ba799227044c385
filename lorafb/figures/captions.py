"""Captions from templates: at most three sentences, then the details that a report folds away."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

TEMPLATES = Environment(
    loader=PackageLoader("lorafb.figures"),
    autoescape=lambda name: bool(name) and str(name).endswith(".html"),
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


def caption(template: str, facts: Mapping[str, Any] | None = None, **more: Any) -> str:
    """Fill in `templates/TEMPLATE.txt`.

    Returns
    -------
    str
        Caption and details, one paragraph each, with an empty line between; no details where the template gives none.
    """
    text = TEMPLATES.get_template(f"{template}.txt").render(facts or {}, **more)
    return "\n\n".join(filter(None, (" ".join(part.split()) for part in text.split("---"))))
