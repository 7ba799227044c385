"""Every network as one plain record, read without torch: how it is built, its layers, and how it is shown a movie.

A record decides whether state is carried from frame to frame and when it is cleared; a wrong feed still gives scores
that look normal. Nothing outside this file asks for a network's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import Field

from lorafb.files import InputError, nearest
from lorafb.records import Model

IMAGENET_CLASSES = 1000


class Normalisation(Model):
    """Mean and deviation of pixels that a network was trained with; red, green, blue in 0 to 1."""

    mean: list[float] = Field(min_length=3, max_length=3, description="of red, green, blue")
    deviation: list[float] = Field(min_length=3, max_length=3, description="of red, green, blue")


NORMALISATIONS = {
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""Mean and standard deviation of red, green, blue in [0, 1], by the name that a network record uses."""


def mean_and_deviation(normalisation: str | Normalisation) -> tuple[Sequence[float], Sequence[float]]:
    """Mean and deviation of pixels, by name or as they are."""
    if isinstance(normalisation, Normalisation):
        return normalisation.mean, normalisation.deviation
    return NORMALISATIONS[normalisation]


class Feed(Model):
    """How a network is shown a movie.

    stateful: the movie once, one frame a time step, state carried from the first frame to the last; `chunk` only bounds
    the memory. still: each frame alone, new state for each. clip: runs of `chunk` frames, each seen alone.
    """

    kind: Literal["stateful", "still", "clip"] = Field(
        description="frame by frame with its state carried on, each frame alone, or clips"
    )
    steps: int = Field(1, ge=1, description="time steps for which a still frame is presented")
    chunk: int = Field(16, ge=1, description="frames per call; for clips, part of the definition")
    reduce: Literal["mean", "last"] = Field("mean", description="how the time steps of a still frame are combined")
    normalisation: Literal["half", "imagenet"] | Normalisation = Field(
        "half", description="mean and deviation of pixels in training: 0.5 and 0.5, ImageNet's, or any"
    )
    classes: int = Field(IMAGENET_CLASSES, ge=1, description="outputs of its classifier")


@dataclass(frozen=True)
class Network:
    """A network.

    Attributes
    ----------
    name : str
    build : str
        `module:function` that returns the torch module; called with `classes` and `options`.
    layers : tuple of str
        Layers in published order. The last is the classifier (empty where there is none) and is not scored by default.
    feeds : mapping of training set to Feed
        The training sets it may come from, the usual one first.
    options : mapping
        Arguments of `build`.
    scene_steps : int
        Time steps, or copies, for which a still scene is shown to a network trained on movies.
    multiple_of : int
        Height and width of a frame must be multiples of it.
    only_size : int or None
        The only height and width it takes.
    spiking : bool
        Layers put out spike counts: exact integers, but for averages over space.
    published : (str, str)
        Key of the weights in a published checkpoint, and the prefix of each of their names there.
    usual_size : int
        Height and width of a frame where a study says none.
    known : tuple of str
        All layers that may be scored, where there are more than `layers`.
    """

    name: str
    build: str
    layers: tuple[str, ...]
    feeds: Mapping[str, Feed]
    options: Mapping[str, Any] = field(default_factory=dict)
    scene_steps: int = 4
    multiple_of: int = 1
    only_size: int | None = None
    spiking: bool = False
    published: tuple[str, str] = ("model", "")
    usual_size: int = 224
    known: tuple[str, ...] = ()

    @property
    def trainings(self) -> tuple[str, ...]:
        """Training sets it may come from, the usual one first."""
        return tuple(self.feeds)

    @property
    def scored(self) -> tuple[str, ...]:
        """Layers that are scored by default: all but the classifier."""
        return self.layers[:-1]

    def feed(self, training: str, still: bool = False) -> Feed:
        """How it is shown a movie, or with `still` unrelated scenes; InputError for an unknown training set."""
        if training not in self.feeds:
            hint = nearest(training, self.feeds)
            raise InputError(
                f"{self.name} trained on '{training}' is unknown{hint}; it may be trained on {', '.join(self.feeds)}"
            )
        movie = self.feeds[training]
        if not still or movie.kind == "still":
            return movie
        return movie.model_copy(update={"kind": "still", "steps": self.scene_steps, "chunk": 1, "reduce": "mean"})

    def trained_on(self, training: str, like: str, classes: int) -> "Network":
        """Record with a training set more, of so many classes, shown as another one is."""
        return replace(self, feeds={**self.feeds, training: self.feeds[like].model_copy(update={"classes": classes})})

    def as_params(self, training: str) -> dict[str, Any]:
        """Plain data for the `params` of a job, with the one training set that it needs; `from_params` reads it."""
        needed = {key: value for key, value in vars(self).items() if key not in ("usual_size", "known")}
        return {**needed, "feeds": {training: self.feed(training).model_dump()}}

    def choose(self, asked: str | Sequence[str] | None) -> list[str]:
        """Layers by name or pattern (`layer*.1`), in the network's order; `auto` and None take those scored by default.

        Raises
        ------
        InputError
            A name or pattern fits no layer.
        """
        if asked in (None, "auto"):
            return list(self.scored)
        offered = self.known or self.scored
        chosen: list[str] = []
        for one in [asked] if isinstance(asked, str) else asked or []:
            spelt = one.partition("#")[0].partition(":")[0]  # a call or a tensor of a layer
            fits = [one] if spelt in offered else [name for name in offered if fnmatchcase(name, one)]
            if not fits:
                some = ", ".join(offered[:12]) + (f" and {len(offered) - 12} more" if len(offered) > 12 else "")
                kind = "layer" if self.known else "scored layer"
                raise InputError(f"'{one}' is no {kind} of {self.name}{nearest(one, offered)}; it has {some}")
            chosen += [name for name in fits if name not in chosen]
        order = {name: place for place, name in enumerate(offered)}
        return sorted(chosen, key=lambda one: order.get(one.partition("#")[0].partition(":")[0], len(order)))

    def size_problem(self, size: int) -> str:
        """Say why frames of this height and width (pixels) do not fit; empty when they do."""
        if self.only_size not in (None, size):
            takes = f"{self.only_size} only (the sizes of its maps are built in)"
        elif size < 1 or size % self.multiple_of:
            takes = f"multiples of {self.multiple_of} (feedback doubles sizes exactly)"
        else:
            return ""
        return f"{size} does not fit {self.name}, which takes {takes}"


def from_params(params: Mapping[str, Any]) -> Network:
    """Make the record that `Network.as_params` wrote, also after a way through JSON."""
    feeds = {training: Feed(**feed) for training, feed in params["feeds"].items()}
    tuples = {key: tuple(params[key]) for key in ("layers", "published")}
    return Network(**{**params, **tuples, "feeds": feeds})


VIDEO_TRAININGS = ("ucf101", "ucf101_subset", "ucf101_random")
"""Training sets of movies: every clip, runs of consecutive frames, frames in random order."""
MOTION_TRAININGS = ("motion", "motion_subset", "motion_random", "motion_still")
"""The same of the embedded task, and its first frames alone."""

_VIDEO, _MOTION = Feed(kind="stateful", classes=101), Feed(kind="stateful", classes=8)
_ON_VIDEO = dict.fromkeys(VIDEO_TRAININGS, _VIDEO)
_ON_IMAGES = {"imagenet": Feed(kind="still", steps=4, chunk=1, normalisation="imagenet")}
_ON_MOTION = dict.fromkeys(MOTION_TRAININGS[:-1], _MOTION)
_ON_STILLS = {"motion_still": Feed(kind="still", steps=4, chunk=1, classes=8)}

_DEPTHS: dict[str, dict[str, Any]] = {
    "18": {"blocks": (2, 2, 2, 2), "bottleneck": False, "widths": (64, 128, 256, 512)},
    "34": {"blocks": (3, 4, 6, 3), "bottleneck": False, "widths": (64, 128, 256, 512)},
    "50": {"blocks": (3, 4, 6, 3), "bottleneck": True, "widths": (64, 128, 256, 512)},
    "101": {"blocks": (3, 4, 23, 3), "bottleneck": True, "widths": (64, 128, 256, 512)},
    "152": {"blocks": (3, 8, 36, 3), "bottleneck": True, "widths": (64, 128, 256, 512)},
    "_tiny": {"blocks": (1, 1), "bottleneck": False, "widths": (16, 32), "gain": 2.0},
}


def _residuals() -> list[Network]:
    """List the networks with a stem and stages of residual blocks: three families, each in every depth."""
    recurrent = "recurrent_layer{s}.sub_module[{b}]"
    families = (  # name, module, nonlinearity of the stem, block b of stage s, has feedback, spikes
        ("lorafb_snet", "lorafb", "sn1", recurrent, True, True),
        ("lorafb_cnet", "lorafb", "relu", recurrent, True, False),
        ("sew_resnet", "sew_resnet", "sn1", "layer{s}[{b}]", False, True),
    )
    records = []
    for depth, options in _DEPTHS.items():
        feeds = (_ON_MOTION | _ON_STILLS if depth == "_tiny" else {}) | _ON_VIDEO | _ON_IMAGES
        for family, module, stem, block, feedback, spiking in families:
            blocks = [block.format(s=s, b=b) for s, n in enumerate(options["blocks"], start=1) for b in range(n)]
            records.append(
                Network(
                    family + depth,
                    f"lorafb.networks.{module}:{family}",
                    (stem, "maxpool", *blocks, "avgpool", "fc"),
                    feeds,
                    options,
                    # stem and stages halve a frame, and feedback doubles it exactly
                    multiple_of=2 ** (1 + len(options["blocks"])) if feedback else 1,
                    spiking=spiking,
                )
            )
    return records


_AREAS = ("V1", "V2", "V4", "IT", "decoder.avgpool", "decoder")
_IMAGE_ONCE = {"imagenet": Feed(kind="still", chunk=1, reduce="last", normalisation="imagenet")}
_MODULE = ("state_dict", "module.")


def _cornets() -> list[Network]:
    recurrent, static = "lorafb.networks.cornet", "lorafb.networks.cornet_static"
    tiny = {"widths": (8, 16, 32, 64), "groups": 4, "size": None}
    return [
        Network("cornet", f"{recurrent}:cornet", _AREAS, _ON_VIDEO, only_size=224),
        Network("s_cornet", f"{recurrent}:s_cornet", _AREAS, _ON_VIDEO, only_size=224, spiking=True),
        Network("cornet_z", f"{static}:cornet_z", _AREAS, _IMAGE_ONCE, published=_MODULE),
        Network("cornet_rt", f"{recurrent}:cornet_rt", _AREAS, _IMAGE_ONCE, only_size=224, published=_MODULE),
        Network("cornet_s", f"{static}:cornet_s", _AREAS, _IMAGE_ONCE, published=_MODULE),
        Network("cornet_tiny", f"{recurrent}:cornet", _AREAS, _ON_MOTION | _ON_VIDEO, tiny),
    ]


def _pathways() -> list[Network]:
    """List the 3-D networks; layers of two paths alternate, and only one list ends in a classifier."""
    feeds = {"ucf101": Feed(kind="clip", chunk=5, classes=101)}
    records = []
    for training, root, published in (("ar", "visualnet", ("state_dict", "")), ("cpc", "backbone", _MODULE)):
        for paths in (1, 2):
            blocks = [f"{root}.path{p}.res_blocks.res{b}" for b in range(10) for p in range(1, paths + 1)]
            last = "linear" if (training, paths) == ("ar", 1) else ""
            layers = (f"{root}.s1.relu", f"{root}.s1.pool_layer", *blocks, "avgpool", last)
            name, build = f"resnet_{paths}p_{training}", f"lorafb.networks.pathways:{training}"
            records.append(Network(name, build, layers, feeds, {"paths": paths}, scene_steps=5, published=published))
    return records


_NETWORKS = {record.name: record for record in [*_residuals(), *_cornets(), *_pathways()]}


def names() -> tuple[str, ...]:
    """Names of all networks."""
    return tuple(_NETWORKS)


def network(name: str) -> Network:
    """Record of a network; InputError with the nearest name for an unknown one."""
    if name not in _NETWORKS:
        raise InputError(f"unknown network '{name}'{nearest(name, _NETWORKS)}")
    return _NETWORKS[name]


def own(
    name: str,
    build: str,
    layers: Sequence[str],
    feed: Feed,
    *,
    training: str = "own",
    options: Mapping[str, Any] | None = None,
    multiple_of: int = 1,
    spiking: bool = False,
) -> Network:
    """Record of a person's own network.

    Parameters
    ----------
    name : str
        Any name that is not in the catalogue.
    build : str
        `module:function`; called with `classes` and `options`, returns a module whose `forward` takes float32
        (T, B, 3, H, W) and returns (T, B, classes).
    layers : sequence of str
        Layers to score, in order, without a classifier.
    feed : Feed
    training : str
        Name of the training set, for tables.
    options, multiple_of, spiking
        As in `Network`.

    Raises
    ------
    InputError
        The name is taken, `build` is not `module:function`, or there are no layers.
    """
    if name in _NETWORKS:
        raise InputError(f"network '{name}': the catalogue has one of that name; choose another")
    if build.count(":") != 1 or not all(build.split(":")):
        raise InputError(f"network '{name}': build is '{build}', expected module:function")
    if not layers:
        raise InputError(f"network '{name}': no layers to score")
    record = Network(
        name, build, (*layers, ""), {training: feed}, dict(options or {}), multiple_of=multiple_of, spiking=spiking
    )
    return replace(record, scene_steps=feed.chunk) if feed.kind == "clip" else record
