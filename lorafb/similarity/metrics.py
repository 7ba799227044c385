"""The metrics by name. Each is three functions named by strings, so that a person's own metric is one record more."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Metric:
    """How two sides are compared, as text: nothing is imported until the metric is used.

    Attributes
    ----------
    sees : "similarity" or "responses"
        What the two preparing functions are given: the Pearson correlations of the scored frames, float64 [T, T], or
        the responses to them, [T, units].
    model, area : str
        "module:function" that prepares one side, array -> array; called once a layer, once an area.
    compare : str
        "module:function" from the two prepared sides to the score, a float, NaN where undefined.
    products : str, optional
        "module:function" that prepares the model's side from the products [T, T] of its responses to every two frames,
        where these alone are at hand of a metric that sees responses.
    """

    sees: Literal["similarity", "responses"]
    model: str
    area: str
    compare: str
    products: str | None = None

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules that the metric's code lives in."""
        used = (self.model, self.area, self.compare, self.products)
        return tuple(sorted({text.partition(":")[0] for text in used if text is not None}))


_TSRSA = "lorafb.similarity.tsrsa"
_REGRESSION = "lorafb.similarity.regression"

METRICS = {
    "tsrsa": Metric("similarity", f"{_TSRSA}:prepare", f"{_TSRSA}:prepare", f"{_TSRSA}:compare"),
    "tsrsa-spearman": Metric(
        "responses", f"{_TSRSA}:prepare_spearman", f"{_TSRSA}:prepare_spearman", f"{_TSRSA}:compare"
    ),
    "regression": Metric(
        "responses",
        f"{_REGRESSION}:components",
        f"{_REGRESSION}:varying_units",
        f"{_REGRESSION}:r2",
        f"{_REGRESSION}:components_of_products",
    ),
    "regression-cv": Metric(
        "responses",
        f"{_REGRESSION}:coordinates",
        f"{_REGRESSION}:varying_units",
        f"{_REGRESSION}:cross_validated_r2",
        f"{_REGRESSION}:coordinates_of_products",
    ),
}


@dataclass(frozen=True)
class Comparison:
    """A metric ready for use: the functions of a `Metric`, with their options filled in."""

    name: str
    sees: Literal["similarity", "responses"]
    model: Callable[[Array], Array]
    area: Callable[[Array], Array]
    compare: Callable[[Array, Array], float]
    products: Callable[[Array], Array] | None = None


def find(name: str) -> Metric:
    """Find the record of a metric.

    Parameters
    ----------
    name : str
        A key of `METRICS`, or "module:NAME" of a `Metric` of one's own.

    Raises
    ------
    ValueError
        If there is none; names the nearest.
    """
    if name in METRICS:
        return METRICS[name]
    if ":" in name:
        metric = _resolve(name)
        if not isinstance(metric, Metric):
            raise ValueError(f"metric {name}: expected a Metric of lorafb.similarity, found {type(metric).__name__}")
        return metric
    near = get_close_matches(name, METRICS, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise ValueError(f"metric '{name}' is none of {', '.join(METRICS)}, nor a 'module:NAME'{hint}")


def load(name: str, **options: Any) -> Comparison:
    """Import a metric's functions, and give each the options that it takes (`ties="ordinal"`, `folds=...`).

    Raises
    ------
    ValueError
        If the metric, a function or an option is unknown.
    """
    metric = find(name)
    used = (metric.model, metric.area, metric.compare, metric.products)
    functions = [_resolve(text) for text in used if text is not None]
    taken = [set(inspect.signature(function).parameters) & set(options) for function in functions]
    for option in options:
        if not any(option in names for names in taken):
            raise ValueError(f"metric {name} has no option '{option}'")
    ready = [
        partial(function, **{option: options[option] for option in names}) if names else function
        for function, names in zip(functions, taken, strict=True)
    ]
    return Comparison(name, metric.sees, *ready)


def _resolve(text: str) -> Any:
    module, _, attribute = text.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"'{text}' cannot be imported ({error}): expected 'module:name'") from None
