"""Messages and captions from templates: a sentence made from the numbers, at most three more, and details to fold away."""

import math
import re
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
        Message, caption and details, one paragraph each, an empty line between; a paragraph may be empty.
    """
    return "\n\n".join(map(one_line, fill(template, facts, **more).split("---")))


def one_line(text: str) -> str:
    """Join lines, without spaces before punctuation that templates leave."""
    return re.sub(r" ([.,;])(?= |$)", r"\1", " ".join(text.split()))


def fill(template: str, facts: Mapping[str, Any] | None = None, **more: Any) -> str:
    """Fill in `templates/TEMPLATE.txt` as it stands."""
    return TEMPLATES.get_template(f"{template}.txt").render(facts or {}, **more)


def number(value: float, error: float = math.nan) -> str:
    """Write a number with as many decimals as its uncertainty (half an interval) leaves; two where none is known.

    The last digit is worth at most a third of the uncertainty: 0.423 +- 0.04 is 0.42, and 0.423 +- 0.01 is 0.423.
    """
    decimals = 2 if not error > 0 else min(max(2, -math.floor(math.log10(error / 2.99))), 4)
    return f"{value:.{decimals}f}"


def interval(low: float, high: float) -> str:
    """Write an interval with the digits that its width leaves; empty where there is none."""
    return "" if low != low else f"{number(low, (high - low) / 2)} to {number(high, (high - low) / 2)}"


def p_value(p: float) -> str:
    """Write a p as "p = 0.012" or "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def listed(names: "list[str]") -> str:
    """Join names as a sentence does: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


TEMPLATES.filters |= {"number": number, "interval": interval, "p": p_value, "listed": listed}
