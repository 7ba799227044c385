"""The metrics by name. Each is a record of strings, so that a new metric, or one of a person's own, is one record more."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from typing import Any, Literal, get_args

from numpy.typing import NDArray

from lorafb.similarity.ranks import Ties

Array = NDArray[Any]
Sees = Literal["rsm", "products", "responses"]


@dataclass(frozen=True)
class Metric:
    """How a layer is compared with an area, as text: nothing is imported before the metric is used.

    Attributes
    ----------
    name : str
        What tables call it.
    sees : "rsm", "products" or "responses"
        What `model` and `area` get, of the scored frames.
        rsm: correlation over units of every pair of frames, float64 [T, T].
        products: inner product of the responses to every pair of frames, float64 [T, T], neither centred nor scaled.
        responses: of a layer the frames' coordinates along all principal axes, float64 [T, dims], largest first (distances
        and angles between frames are those of the layer); of an area the counts [T, units].
    model, area : str
        "module:function" that prepares one side, array -> array; called once a layer, once an area.
    compare : str
        "module:function" from the two prepared sides to the score, a float; NaN where it is not defined.
    ranked : bool
        Frames are correlated by Spearman r over units instead of Pearson r. For metrics that see an rsm.
    takes_ties : bool
        `model` and `area` take `ties="average"` or `"ordinal"`.
    fewest_frames : int
        Number of scored frames below which there is no answer.
    whole_movie : bool
        The value depends on the number of frames: only the original movie is scored by it, and an experiment whose `metrics`
        in the config name it (never clips and fronts).
    label, unit : str
        What figures and captions call a registered metric, and its unit; one of your own is called by its name.
    """

    name: str
    sees: Sees
    model: str
    area: str
    compare: str
    ranked: bool = False
    takes_ties: bool = False
    fewest_frames: int = 3
    whole_movie: bool = False
    label: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.ranked and self.sees != "rsm":
            raise ValueError(f"metric {self.name}: ranked frames give an rsm, and it sees '{self.sees}'")
        if self.sees not in get_args(Sees):
            raise ValueError(f"metric {self.name}: sees '{self.sees}', expected {', '.join(get_args(Sees))}")

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules with the metric's code."""
        return tuple(sorted({text.partition(":")[0] for text in (self.model, self.area, self.compare)}))


_TSRSA, _CKA, _REGRESSION = (f"lorafb.similarity.{module}" for module in ("tsrsa", "cka", "regression"))
_UNCHANGED = "numpy:asarray"
_BY_RANKS = Metric(
    "tsrsa",
    "rsm",
    f"{_TSRSA}:prepare",
    f"{_TSRSA}:prepare",
    f"{_TSRSA}:compare",
    takes_ties=True,
    label="TSRSA",
    unit="Spearman r",
)
_BY_FIT = Metric(
    "regression",
    "responses",
    f"{_REGRESSION}:components",
    f"{_REGRESSION}:varying_units",
    f"{_REGRESSION}:r2",
    fewest_frames=40,
    whole_movie=True,
    label="regression",
    unit="R2",
)

METRICS = {
    metric.name: metric
    for metric in (
        _BY_RANKS,
        replace(_BY_RANKS, name="tsrsa-spearman", ranked=True, label="TSRSA of Spearman's r"),
        Metric("cka", "products", f"{_CKA}:prepare", f"{_CKA}:prepare", f"{_CKA}:compare", label="CKA"),
        _BY_FIT,
        replace(
            _BY_FIT,
            name="regression-cv",
            model=_UNCHANGED,
            compare=f"{_REGRESSION}:cross_validated_r2",
            fewest_frames=174,  # five blocks, in each again five, and gaps of 30 frames
            label="cross-validated",
        ),
    )
}


@dataclass(frozen=True)
class Comparison:
    """A metric ready for use: the fields of its `Metric`, its functions imported and `ties` filled in.

    Attributes
    ----------
    ties : "average" or "ordinal"
        How equal correlations are ranked; equal responses to a frame always share their mean rank.
    """

    name: str
    sees: Sees
    model: Callable[[Array], Array]
    area: Callable[[Array], Array]
    compare: Callable[[Array, Array], float]
    ranked: bool
    fewest_frames: int
    whole_movie: bool
    ties: Ties


def names() -> tuple[str, ...]:
    """Names of the registered metrics."""
    return tuple(METRICS)


def find(name: str) -> Metric:
    """Find the record of a metric.

    Parameters
    ----------
    name : str
        A registered name, or "module:NAME" of a person's own: a `Metric`, or a function of two correlation matrices,
        `f(model_rsm, area_rsm) -> float`, each float64 [T, T] (it must give NaN where a matrix holds NaN). Its record has
        "module:NAME" for a name.

    Raises
    ------
    ValueError
        One line: there is no such metric (names the nearest), or `NAME` is neither, or has the name of a registered one.
    """
    if name in METRICS:
        return METRICS[name]
    if ":" not in name:
        near = get_close_matches(name, METRICS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"metric '{name}' is none of {', '.join(METRICS)}, nor a 'module:NAME'{hint}")
    own = _resolve(name)
    if not isinstance(own, Metric) and callable(own) and not isinstance(own, type):
        return Metric(name, "rsm", _UNCHANGED, _UNCHANGED, name)
    if not isinstance(own, Metric):
        expected = "a lorafb.similarity.metrics.Metric or a function of two matrices"
        raise ValueError(f"metric {name}: expected {expected}, got {type(own).__name__}")
    if own.name in METRICS:
        raise ValueError(f"metric {name}: there is a registered metric named '{own.name}'; choose another name")
    return replace(own, name=name)


def load(name: str, *, ties: Ties = "average") -> Comparison:
    """Import a metric's functions, with `ties` filled in where the metric takes them.

    Raises
    ------
    ValueError
        As `find`, or if a function cannot be imported.
    """
    metric = find(name)
    model, area = (_resolve(text) for text in (metric.model, metric.area))
    if metric.takes_ties:
        model, area = partial(model, ties=ties), partial(area, ties=ties)
    return Comparison(
        name=metric.name,
        sees=metric.sees,
        model=model,
        area=area,
        compare=_resolve(metric.compare),
        ranked=metric.ranked,
        fewest_frames=metric.fewest_frames,
        whole_movie=metric.whole_movie,
        ties=ties,
    )


def _resolve(text: str) -> Any:
    module, _, attribute = text.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"'{text}' cannot be imported ({error}): expected 'module:name'") from None
