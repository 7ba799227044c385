"""The front door, `import lorafb`: scores of arrays, networks and their features, and what a study wrote.

Everything here calls what the workflow calls, so that a number is the same by both ways. torch is imported by what needs
a network alone.
"""

from __future__ import annotations  # short signatures in help(), and torch's types without importing torch

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from lorafb.artefacts.recordings import Recording
    from lorafb.networks.catalogue import Feed, Network
    from lorafb.similarity.ranks import Ties

FEWEST_FRAMES = 3  # two frames make one pair, which has no rank correlation
SEED = 2023


def tsrsa(features: ArrayLike, counts: ArrayLike, *, ties: Ties = "average", skip_frames: int = 1) -> float:
    """Score the responses of a layer against those of an area by TSRSA.

    Parameters
    ----------
    features, counts : array or tensor, shape (T, units, ...)
        Responses of both sides to the same T frames; axes after the first are flattened. Whole numbers are scored exactly,
        also where a float array holds them; the scale of a side does not matter (counts or rates, sums or means).
    ties : "average" or "ordinal"
        Equal correlations share their mean rank, or (as in the published code) get the order of a sort.
    skip_frames : int
        Frames at the start that are not scored: 1 for a movie, as in the paper; 0 for unrelated images.

    Returns
    -------
    float
        -1 to 1: Spearman correlation of the two sides' Pearson correlations of frames. NaN where the units of a side
        respond alike to a frame.

    Raises
    ------
    ValueError
        If the arrays are not two-dimensional or more, differ in frames, or have fewer than 3 to score.

    Examples
    --------
    >>> import numpy as np, lorafb
    >>> counts = np.random.default_rng(1).poisson(3, (60, 20))
    >>> lorafb.tsrsa(counts, counts)
    1.0
    >>> features = counts[:, :8] + np.random.default_rng(2).normal(size=(60, 8))
    >>> round(lorafb.tsrsa(features, counts), 3)
    0.435

    Notes
    -----
    Huang et al. 2024, section 3.3.
    """
    from lorafb.similarity.tsrsa import score

    one, other = _responses("features", features), _responses("counts", counts)
    _check_frames({"features": one}, other, skip_frames)
    return score(one[skip_frames:], other[skip_frames:], ties)


def rsm(responses: ArrayLike) -> NDArray[np.float64]:
    """Compute the representational similarity matrix: the Pearson correlation over units of every pair of frames.

    Parameters
    ----------
    responses : array or tensor, shape (T, units, ...)
        Axes after the first are flattened; whole numbers are correlated exactly.

    Returns
    -------
    float64, shape (T, T)
        NaN in the rows and columns of frames that all units respond alike to.

    Examples
    --------
    >>> import lorafb
    >>> lorafb.rsm([[0, 2, 4], [4, 2, 0], [1, 2, 3]])
    array([[ 1., -1.,  1.],
           [-1.,  1., -1.],
           [ 1., -1.,  1.]])
    """
    from lorafb.similarity.pearson import pearson

    return pearson(_responses("responses", responses))


@dataclass(frozen=True)
class Statistics:
    """A score and what it is worth; it prints as one line.

    Attributes
    ----------
    score : float
        TSRSA; of several layers the highest.
    layer : str
        The layer with the highest score; empty where one array was given.
    over_units, over_time : (float, float)
        95 % intervals of the score: with other units of this area, and with other movies of this kind and length.
    score_without_time, p : float
        Score of what is left when the mean rank of each distance in time is taken off, and its one-sided p against
        circular shifts in time.
    checks : mapping of str to float
        p of the same test "later" (without the first second), "detrended" (without each unit's linear trend), and "frames"
        (without each frame's mean).
    supported : bool
        Whether p and all checks are at most 0.05.
    n_frames, n_units : int
        Scored frames; units of the area.
    notes : tuple of str
        Why a part is NaN, or an interval too narrow.
    """

    score: float
    layer: str
    over_units: tuple[float, float]
    over_time: tuple[float, float]
    score_without_time: float
    p: float
    checks: Mapping[str, float]
    supported: bool
    n_frames: int
    n_units: int
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        of = f" of {self.layer}" if self.layer else ""
        units, time = (
            "none" if np.isnan(bounds).any() else f"{bounds[0]:.3f} to {bounds[1]:.3f}"
            for bounds in (self.over_units, self.over_time)
        )
        parts = [
            f"TSRSA{of} {self.score:.3f} (95 % over units {units}, over time {time})",
            f"without the effect of time {self.score_without_time:.3f} (p = {self.p:.2g})",
            f"{self.n_frames} frames, {self.n_units} units",
            *self.notes,
        ]
        return "; ".join(parts)

    __repr__ = __str__


def compare(
    features: ArrayLike | Mapping[str, ArrayLike],
    counts: ArrayLike,
    *,
    rate_hz: float = 30.0,
    sessions: Sequence[Any] | NDArray[Any] | None = None,
    ties: Ties = "average",
    skip_frames: int = 1,
    seed: int = SEED,
) -> Statistics:
    """Score layers against an area of one movie, with intervals and a test that takes out the effect of time.

    Parameters
    ----------
    features : array or tensor (T, units, ...), or mapping from layer to such
        Of several layers the best one is chosen, anew in each replicate, so that intervals and p allow for the choice.
    counts : array or tensor, shape (T, units, ...)
        Spike counts, best summed over repeats and not divided, so that equal correlations stay equal; or real values (dF/F).
    rate_hz : float
        Frames a second.
    sessions : sequence, one entry a unit, optional
        Session (animal) of each unit. With 8 or more, sessions are left out in turn; else 20 random groups of units,
        whose interval is too narrow where units of one animal depend on one another.
    ties, skip_frames
        As for `tsrsa`.
    seed : int
        Of the random groups of units.

    Returns
    -------
    Statistics
        The workflow's statistics of one subject and area (`results/statistics/MOVIE.csv`).

    Raises
    ------
    ValueError
        As `tsrsa`; or if sessions are not one a unit.

    Examples
    --------
    >>> import numpy as np, lorafb
    >>> random = np.random.default_rng(1)
    >>> drive = random.gamma(2, size=(90, 5))
    >>> counts = random.poisson(drive @ random.gamma(1, size=(5, 40)))
    >>> compared = lorafb.compare(drive @ random.normal(size=(5, 30)), counts)
    >>> compared
    TSRSA 0.588 (95 % over units 0.375 to 0.800, over time 0.512 to 0.664);
    without the effect of time 0.584 (p = 0.011); 89 frames, 40 units
    >>> compared.supported
    True
    """
    layers = {
        name: _responses(f"features['{name}']" if name else "features", values)
        for name, values in (features.items() if isinstance(features, Mapping) else [("", features)])
    }
    area = _responses("counts", counts)
    _check_frames(layers, area, skip_frames)
    session = np.zeros(area.shape[1], int) if sessions is None else np.asarray(sessions)
    if session.shape != (area.shape[1],):
        raise ValueError(f"sessions has shape {session.shape}, counts {area.shape[1]} units: one session per unit")
    row, movie = _statistics(layers, area, session, rate_hz, ties, seed, skip_frames)
    return Statistics(
        score=row["value"],
        layer=row["layer"],
        over_units=(row["ci_low"], row["ci_high"]),
        over_time=(row["e2_low"], row["e2_high"]),
        score_without_time=row["score_lag"],
        p=row["p_lag"],
        checks={name: row[f"p_lag_{name}"] for name in ("later", "detrended", "frames")},
        supported=row["supported"],
        n_frames=len(area) - skip_frames,
        n_units=area.shape[1],
        notes=tuple(_notes(layers, area, row, movie.correlation_time, skip_frames)),
    )


def _statistics(
    layers: Mapping[str, NDArray[Any]],
    counts: NDArray[Any],
    sessions: NDArray[Any],
    rate_hz: float,
    ties: Ties,
    seed: int,
    skip_frames: int,
) -> tuple[dict[str, Any], Any]:
    """Row of the workflow's statistics for layers and one area, and its movie; what it warns of is in the notes."""
    from lorafb.artefacts.recordings import Recording
    from lorafb.experiments import statistics
    from lorafb.experiments.areas import select_units
    from lorafb.experiments.replicates import Movie
    from lorafb.experiments.rsm import gram_of

    recording = Recording("counts", "movie", rate_hz, 1, None, counts, {"session": sessions})
    area = select_units(recording, {"skip_frames": skip_frames}, ties)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        movie = Movie([area], seed=seed)
        scores = movie.score({name: gram_of(responses) for name, responses in layers.items()})
    best = int(statistics.best_layers(scores.whole)[0])
    layer = list(layers)[best] if best >= 0 else ""
    return {**statistics.row(scores, movie, np.array([0])), "layer": layer}, movie


def _notes(
    layers: Mapping[str, NDArray[Any]], counts: NDArray[Any], row: Mapping[str, Any], correlation_time: int, skip: int
) -> list[str]:
    """Say in words why parts of a row are empty, or not to be trusted."""
    if np.isnan(row["value"]):
        return ["no score: " + _undefined(layers, counts, skip)]
    notes = []
    if np.isnan(row["ci_low"]):
        notes.append("no interval over units: without some of its units all others respond alike to a frame")
    if np.isnan(row["e2_low"]):
        notes.append("no interval over time: a block of frames left out leaves no score")
    elif row["short_blocks"]:
        notes.append(
            f"interval over time too narrow: blocks are shorter than three correlation times of {correlation_time} frames"
        )
    if np.isnan(row["p_lag"]):
        notes.append("no p: the distance in time explains all ranks of a side")
    elif np.isnan(row["p_lag_later"]):
        notes.append("no check without the first second: the movie is too short")
    return notes


def _undefined(layers: Mapping[str, NDArray[Any]], counts: NDArray[Any], skip: int) -> str:
    """Say why no layer has a score against the counts."""
    for name, side in {
        "counts": counts,
        **{f"layer {name}" if name else "features": one for name, one in layers.items()},
    }.items():
        scored = side[skip:]
        if not np.isfinite(scored).all():
            return f"{name} has values that are not finite"
        alike = np.flatnonzero(np.ptp(scored, axis=1) == 0)
        if len(alike):
            return (
                f"all units of {name} respond alike to {len(alike)} of {len(scored)} frames (first: {alike[0] + skip})"
            )
    return "all pairs of frames are equally alike"


def list_networks(pattern: str = "*") -> list[str]:
    """Names of the networks, in the catalogue's order.

    Examples
    --------
    >>> import lorafb
    >>> lorafb.list_networks("*_tiny")
    ['lorafb_snet_tiny', 'lorafb_cnet_tiny', 'sew_resnet_tiny', 'cornet_tiny']
    """
    from lorafb.networks import catalogue

    return [name for name in catalogue.names() if fnmatchcase(name, pattern)]


def create(
    name: str,
    classes: int | None = None,
    weights: str | Path | None = None,
    seed: int | None = None,
    *,
    entry: str | None = None,
    unmarked: bool = False,
) -> torch.nn.Module:
    """Build a network by name, in evaluation mode.

    Parameters
    ----------
    name : str
        One of `list_networks()`, or as in a config `torchvision:NAME`, `timm:NAME`, `module:function`.
    classes : int, optional
        Outputs of the classifier; those of the weights, or of the usual training set, when not given.
    weights : path, optional
        File of weights, however torch or safetensors wrote it; it is checked, and nothing in it is run. Of torchvision and
        timm also the library's own name of weights (`IMAGENET1K_V1`), which are fetched.
    seed : int, optional
        Of initial weights; torch's global random generator when not given.
    entry : str, optional
        Which of several sets of weights in the file, as the error that asks for it names them.
    unmarked : bool
        Take weights that do not say of which network they are for a spiking one.

    Returns
    -------
    torch.nn.Module
        `forward` takes float32 (T, B, 3, H, W) and returns (T, B, classes). State is carried from call to call (`extract`
        clears it). `lorafb_network` and `lorafb_training` on it say to `extract` how it sees a movie.

    Raises
    ------
    ValueError
        An unknown name, a file with other weights, or settings that do not go together; one line says which.

    Examples
    --------
    >>> import lorafb, torch
    >>> model = lorafb.create("lorafb_snet_tiny", classes=8, seed=1)
    >>> with torch.inference_mode():
    ...     model(torch.zeros(4, 1, 3, 32, 32)).shape
    torch.Size([4, 1, 8])
    """
    from lorafb.networks import build, checkpoint, library, named

    record = _record(name)
    training = record.trainings[0]
    if weights is not None:
        if seed is not None:
            raise ValueError(f"seed {seed} and weights {weights}: initial weights have a seed, a checkpoint has none")
        if named.is_named(name) and not Path(weights).suffix and not Path(weights).exists():
            stored = library.weights(record, training, str(weights))
        else:
            stored = checkpoint.read(weights, record, entry=entry, unmarked=unmarked)
        if classes not in (None, stored.classes):
            raise ValueError(f"{weights}: has {stored.classes} classes, not {classes}")
        model, training = checkpoint.restore(stored, record), stored.training
    elif seed is not None:
        model = checkpoint.restore(checkpoint.initial(record, classes or record.feed(training).classes, seed), record)
    else:
        model = build.create(record, classes)
    known = training if training in record.feeds else record.trainings[0]  # initial weights come from no training set
    vars(model).update(lorafb_network=name, lorafb_training=known)
    return model.eval()


def _record(name: str) -> Network:
    """Record of a network of the catalogue, or of other people's."""
    from lorafb.networks import catalogue, named

    return named.find(name, "own") if named.is_named(name) else catalogue.network(name)


def extract(
    model: str | torch.nn.Module,
    movie: ArrayLike | torch.Tensor,
    layers: Sequence[str] | None = None,
    *,
    feed: str | Mapping[str, Any] | Feed | None = None,
    size: int | None = None,
    device: str = "cpu",
    images_at_once: int = 16,
) -> dict[str, NDArray[np.float32]]:
    """Show a movie to a network and give the features of its layers.

    Parameters
    ----------
    model : torch.nn.Module or str
        From `create`; a module of one's own whose `forward` takes float32 (T, B, 3, H, W); or a name that `create` takes,
        with initial weights of seed 2023.
    movie : array or tensor
        uint8 frames (T, height, width, 3) or grey (T, height, width), which are resized and normalised for the network; or
        float32 frames (T, 3, H, W), normalised already.
    layers : sequence of str, optional
        Names of modules; those that are scored by default when not given (needed for a module of one's own).
    feed : "stateful", "still" or "clip"; or mapping as in the config (`{kind: still, steps: 4}`), optional
        How the network sees a movie: as it was trained when not given, "stateful" for a module of one's own.
        stateful: one frame a time step, state carried to the last frame. still: each frame alone. clip: runs of frames.
    size : int, optional
        Height and width of a frame for the network, in pixels; those of a square uint8 movie when not given.
    device : str
        "cpu", "cuda" or "cuda:N".
    images_at_once : int
        Images in one forward call: bounds the memory, changes no feature.

    Returns
    -------
    dict from layer to float32 array, shape (T, units)
        Units are the flattened (channels, height, width). All of it is in memory: units x T x 4 bytes a layer.

    Raises
    ------
    ValueError
        A movie of another form, a size that does not fit, or a layer that the network does not have.

    Examples
    --------
    >>> import numpy as np, lorafb
    >>> movie = np.random.default_rng(1).integers(0, 256, (6, 32, 32, 3), np.uint8)
    >>> features = lorafb.extract(lorafb.create("sew_resnet_tiny", seed=1), movie)
    >>> {layer: responses.shape for layer, responses in features.items()}
    {'sn1': (6, 4096), 'maxpool': (6, 1024), 'layer1[0]': (6, 1024), 'layer2[0]': (6, 512), 'avgpool': (6, 32)}

    A network of one's own, of which each frame is seen alone:

    >>> import torch
    >>> class Edges(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.filters = torch.nn.Conv2d(3, 2, 3)
    ...     def forward(self, frames):
    ...         return self.filters(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
    >>> lorafb.extract(Edges(), movie, ["filters"], feed="still")["filters"].shape
    (6, 1800)
    """
    from pydantic import ValidationError

    from lorafb.features.extract import extract as show
    from lorafb.features.held import HeldFeatures
    from lorafb.files import nearest
    from lorafb.networks import catalogue
    from lorafb.networks.device import device as find_device

    module = create(model, seed=SEED) if isinstance(model, str) else model
    record = _record(vars(module)["lorafb_network"]) if "lorafb_network" in vars(module) else None
    if layers is None:
        if record is None:
            raise ValueError(f"layers: name the layers of {type(module).__name__} that you want")
        layers = record.scored
    if feed is None:
        feed = record.feed(vars(module)["lorafb_training"]) if record else "stateful"
    if not isinstance(feed, catalogue.Feed):
        about = {"kind": feed} if isinstance(feed, str) else feed
        kinds, kind = get_args(catalogue.Feed.model_fields["kind"].annotation), str(about.get("kind"))
        if kind not in kinds:
            raise ValueError(f"feed: kind '{kind}' is none of {', '.join(kinds)}{nearest(kind, kinds)}")
        try:
            feed = catalogue.Feed(**about)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise ValueError(f"feed is {feed!r}: {problems}") from None
    source = _source(movie, size, feed.normalisation)
    if record is not None and record.size_problem(source.frame_size[0]):
        raise ValueError(f"size {record.size_problem(source.frame_size[0])}: give another size")
    held = HeldFeatures(source.n_frames)
    positions = np.arange(source.n_frames)[None]
    show(module, layers, source, positions, feed, held, device=find_device(device), images_at_once=images_at_once)
    return {layer: held.take(layer).responses(0).cpu().numpy() for layer in layers}


def _source(movie: Any, size: int | None, normalisation: Any) -> Any:
    """Serve a movie to a network: uint8 frames are prepared, float32 frames are taken as they are."""
    import torch

    from lorafb.features.prepare import Frames, PreparedFrames

    frames = movie.detach().cpu().numpy() if isinstance(movie, torch.Tensor) else np.asarray(movie)
    if frames.dtype != np.uint8:
        if size is not None:
            raise ValueError("size is for uint8 movies; float32 frames are taken as they are, so leave size out")
        return PreparedFrames(torch.from_numpy(np.ascontiguousarray(frames)), "movie")
    if size is None and frames.ndim > 2 and frames.shape[1] != frames.shape[2]:
        raise ValueError(
            f"movie has frames of {frames.shape[1]} x {frames.shape[2]} pixels: give size, frames become square"
        )
    return Frames(frames, frames.shape[1] if size is None and frames.ndim > 1 else size or 0, normalisation)


def read_recording(path: str | Path) -> Recording:
    """Read the spike counts of an area during a movie, as a study wrote them (`results/recordings/MOVIE/AREA.h5`).

    Returns
    -------
    Recording
        `summed` [T, units] (counts summed over repeats), `counts` [repeats, T, units] or None, `units` (columns of the
        unit table), `area`, `movie`, `rate_hz`, `n_repeats`.

    Raises
    ------
    ValueError
        The file is missing, damaged or no recording.

    Examples
    --------
    >>> import lorafb
    >>> recording = lorafb.read_recording("results/recordings/movie1/VISp.h5")
    >>> recording.area, recording.summed.shape
    ('VISp', (60, 20))
    """
    from lorafb.artefacts import recordings

    return recordings.read(path)


def load(results: str | Path = "results") -> pd.DataFrame:
    """Read all scores of a study into one table: what `results/study.csv.gz` of a finished study holds.

    Parameters
    ----------
    results : path
        Folder with `scores/SUBJECT/MOVIE/*.csv`, and where they are made `ceilings`, `areas` and `statistics`.

    Returns
    -------
    pandas.DataFrame
        One row a score: `subject`, then the columns of the tables (experiment, area, layer, metric, value, best, ...), then
        those of the statistics (ci_low, ci_high, ...), which the best layers of the original movie have. The mean over areas
        is the area `mean`; ceilings, and areas compared with each other, have an empty subject. docs/study.md has all columns.

    Raises
    ------
    ValueError
        If there is no table, or one is damaged.

    Examples
    --------
    >>> import lorafb
    >>> scores = lorafb.load("results")
    >>> scores[scores["best"]][["subject", "movie", "area", "layer", "value"]]
      subject   movie  area layer  value
    0     net  movie1  visp   top   0.25
    """
    from lorafb.experiments import study_table
    from lorafb.files import InputError, found

    paths = [path for pattern in study_table.PATTERNS for path in found(results, pattern)]
    if not paths:
        raise InputError(f"{results}: has no scores/SUBJECT/MOVIE/*.csv; give the results folder of a finished study")
    return study_table.read(paths)


def _responses(name: str, values: Any) -> NDArray[Any]:
    """Take responses [T, units] from an array or tensor, as integers wherever that is exact."""
    if hasattr(values, "detach"):  # a torch tensor; torch need not be imported
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    if array.ndim < 2 or 0 in array.shape or array.dtype.kind not in "biuf":
        raise ValueError(f"{name} is {array.dtype} {array.shape}: expected numbers of shape (frames, units)")
    array = array.reshape(len(array), -1)
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    return array if array.dtype.kind != "f" else _exact(array)


def _exact(values: NDArray[np.floating[Any]]) -> NDArray[Any]:
    """Give floats that are multiples of 1, 1/2, 1/4 or 1/8 as integers: counts, and their means over time steps."""
    for steps in (1, 2, 4, 8):  # multiplying by a power of two does not round
        with np.errstate(over="ignore", invalid="ignore"):
            for part in (values[:1], values):  # most arrays of real numbers fail in the first frame
                scaled = part * steps
                if not ((np.abs(scaled) < 2**24) & (scaled == np.rint(scaled))).all():
                    break
            else:
                return scaled.astype(np.int32)
    return np.where(np.isinf(values), np.nan, values)  # neither has a correlation, and NaN makes no warning


def _check_frames(features: Mapping[str, NDArray[Any]], counts: NDArray[Any], skip_frames: int) -> None:
    if not features:
        raise ValueError("features has no layers")
    for name, responses in features.items():
        if len(responses) != len(counts):
            called = "features" if name in ("", "features") else f"features['{name}']"
            raise ValueError(
                f"{called} has {len(responses)} frames, counts {len(counts)}: both must show the same frames"
            )
    if skip_frames < 0 or len(counts) - skip_frames < FEWEST_FRAMES:
        raise ValueError(
            f"skip_frames is {skip_frames} of {len(counts)} frames: at least {FEWEST_FRAMES} frames must be left to score"
        )
