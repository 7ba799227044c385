"""Every network as one plain record, read without torch: how it is built, its layers, and how it is shown a movie.

A record decides whether state is carried from frame to frame and when it is cleared; a wrong feed still gives scores
that look normal. Nothing outside this file asks for a network's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from lorafb.files import InputError, nearest

Kind = Literal["stateful", "still", "clip"]
Reduce = Literal["mean", "last"]
Normalisation = Literal["half", "imagenet"]


@dataclass(frozen=True)
class Feed:
    """How a network is shown a movie.

    Attributes
    ----------
    kind : "stateful", "still" or "clip"
        stateful: the movie once, one frame a time step, state carried from the first frame to the last. still: each
        frame alone, new state for each. clip: runs of `chunk` frames, each seen alone.
    steps : int
        Time steps for which a still frame is shown.
    chunk : int
        Frames a call. Bounds the memory of "stateful"; part of the definition of "clip".
    reduce : "mean" or "last"
        What becomes of the steps of a still frame.
    normalisation : "half" or "imagenet"
        Mean and standard deviation of pixels that the network was trained with: 0.5 and 0.5, or ImageNet's.
    classes : int
        Number of the classifier's outputs.
    """

    kind: Kind
    steps: int
    chunk: int
    reduce: Reduce
    normalisation: Normalisation
    classes: int


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
        Key of the weights in a published checkpoint, and what stands before each of their names there.
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

    @property
    def trainings(self) -> tuple[str, ...]:
        """Training sets it may come from, the usual one first."""
        return tuple(self.feeds)

    @property
    def scored(self) -> tuple[str, ...]:
        """Layers that are scored by default: all but the classifier."""
        return self.layers[:-1]

    def feed(self, training: str, still: bool = False) -> Feed:
        """Say how it is shown a movie, or with `still` unrelated scenes; InputError for an unknown training set."""
        if training not in self.feeds:
            hint = nearest(training, self.feeds)
            raise InputError(
                f"{self.name} trained on '{training}' is unknown{hint}; it may be trained on {', '.join(self.feeds)}"
            )
        movie = self.feeds[training]
        if not still or movie.kind == "still":
            return movie
        return replace(movie, kind="still", steps=self.scene_steps, chunk=1, reduce="mean")

    def plain(self, training: str) -> dict[str, Any]:
        """Make plain data of the record with the one training set that a job needs; `restored` reads it."""
        return asdict(replace(self, feeds={training: self.feed(training)}))

    def size_problem(self, size: int) -> str:
        """Say why frames of this height and width (pixels) do not fit; empty when they do."""
        if self.only_size not in (None, size):
            takes = f"{self.only_size} only (the sizes of its maps are built in)"
        elif size < 1 or size % self.multiple_of:
            takes = f"multiples of {self.multiple_of} (feedback doubles sizes exactly)"
        else:
            return ""
        return f"{size} does not fit {self.name}, which takes {takes}"


VIDEO_CLASSES = {"ucf101": 101, "ucf101_subset": 101, "ucf101_random": 101}
"""Classes of the training sets of movies: every clip, runs of consecutive frames, frames in random order."""
MOTION_CLASSES = {"motion": 8, "motion_subset": 8, "motion_random": 8}
"""The same of the embedded task."""
IMAGENET_CLASSES = 1000

MOTION_TRAININGS = (*MOTION_CLASSES, "motion_still")
"""Training sets of the embedded task."""

_ON_VIDEO = {training: Feed("stateful", 1, 16, "mean", "half", classes) for training, classes in VIDEO_CLASSES.items()}
_ON_IMAGES = {"imagenet": Feed("still", 4, 1, "mean", "imagenet", IMAGENET_CLASSES)}
_ON_MOTION = {
    training: Feed("stateful", 1, 16, "mean", "half", classes) for training, classes in MOTION_CLASSES.items()
}
_ON_STILLS = {"motion_still": Feed("still", 4, 1, "mean", "half", 8)}

_DEPTHS: dict[str, dict[str, Any]] = {
    "18": {"blocks": (2, 2, 2, 2), "bottleneck": False, "widths": (64, 128, 256, 512)},
    "34": {"blocks": (3, 4, 6, 3), "bottleneck": False, "widths": (64, 128, 256, 512)},
    "50": {"blocks": (3, 4, 6, 3), "bottleneck": True, "widths": (64, 128, 256, 512)},
    "101": {"blocks": (3, 4, 23, 3), "bottleneck": True, "widths": (64, 128, 256, 512)},
    "152": {"blocks": (3, 8, 36, 3), "bottleneck": True, "widths": (64, 128, 256, 512)},
    "_tiny": {"blocks": (1, 1), "bottleneck": False, "widths": (16, 32), "gain": 2.0},
}


def _residual(family: str, depth: str, build: str, stem: str, stage: str, **about: Any) -> Network:
    """Record of a network with a stem and four stages of residual blocks; `stage` names block b of stage s."""
    options = _DEPTHS[depth]
    blocks = [stage.format(s=s, b=b) for s, n in enumerate(options["blocks"], start=1) for b in range(n)]
    feeds = (_ON_MOTION | _ON_STILLS if depth == "_tiny" else {}) | _ON_VIDEO | _ON_IMAGES
    return Network(family + depth, build, (stem, "maxpool", *blocks, "avgpool", "fc"), feeds, options, **about)


def _residuals() -> list[Network]:
    lorafb, recurrent = "lorafb.networks.lorafb", "recurrent_layer{s}.sub_module[{b}]"
    records = []
    for depth, options in _DEPTHS.items():
        multiple = 2 ** (1 + len(options["blocks"]))  # stem and stages halve a frame, and feedback doubles it exactly
        records += [
            _residual(
                "lorafb_snet", depth, f"{lorafb}:lorafb_snet", "sn1", recurrent, multiple_of=multiple, spiking=True
            ),
            _residual("lorafb_cnet", depth, f"{lorafb}:lorafb_cnet", "relu", recurrent, multiple_of=multiple),
            _residual(
                "sew_resnet", depth, "lorafb.networks.sew_resnet:sew_resnet", "sn1", "layer{s}[{b}]", spiking=True
            ),
        ]
    return records


_AREAS = ("V1", "V2", "V4", "IT", "decoder.avgpool", "decoder")
_IMAGE_ONCE = {"imagenet": Feed("still", 1, 1, "last", "imagenet", IMAGENET_CLASSES)}
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
    module = "lorafb.networks.pathways"
    feeds = {"ucf101": Feed("clip", 1, 5, "mean", "half", 101)}
    records = []
    for training, root, published in (("ar", "visualnet", ("state_dict", "")), ("cpc", "backbone", _MODULE)):
        for paths in (1, 2):
            blocks = [f"{root}.path{p}.res_blocks.res{b}" for b in range(10) for p in range(1, paths + 1)]
            last = "linear" if (training, paths) == ("ar", 1) else ""
            layers = (f"{root}.s1.relu", f"{root}.s1.pool_layer", *blocks, "avgpool", last)
            options = {"paths": paths}
            name = f"resnet_{paths}p_{training}"
            records.append(
                Network(name, f"{module}:{training}", layers, feeds, options, scene_steps=5, published=published)
            )
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


def layers(name: str) -> tuple[str, ...]:
    """Layers of a network in published order, the classifier last (empty where there is none)."""
    return network(name).layers


def scored(name: str) -> tuple[str, ...]:
    """Layers of a network that are scored by default: all but the classifier."""
    return network(name).scored


def feed(name: str, training: str, still: bool = False) -> Feed:
    """How a network of a training set is shown a movie, or with `still` unrelated scenes."""
    return network(name).feed(training, still)


def restored(told: Mapping[str, Any]) -> Network:
    """Make a record of what `Network.plain` made of it."""
    feeds = {training: Feed(**feed) for training, feed in told["feeds"].items()}
    texts = {"layers": tuple(told["layers"]), "published": tuple(told["published"])}
    return Network(**{**told, **texts, "feeds": feeds})


def own(
    name: str,
    build: str,
    layers: Sequence[str],
    feed: Feed | Mapping[str, Any],
    *,
    training: str = "own",
    options: Mapping[str, Any] | None = None,
    multiple_of: int = 1,
    spiking: bool = False,
) -> Network:
    """Record of a person's own network, from plain data such as a config's block.

    Parameters
    ----------
    name : str
        Any name that the catalogue does not bear.
    build : str
        `module:function`; called with `classes` and `options`, returns a module whose `forward` takes float32
        (T, B, 3, H, W) and returns (T, B, classes).
    layers : sequence of str
        Layers to score, in order, without a classifier.
    feed : Feed, or mapping of its attributes
        `kind` is needed; the others default to one step, chunks of 16, the mean, "half" and 1000 classes.
    training : str
        Name of the training set, for tables.
    options, multiple_of, spiking
        As in `Network`.

    Raises
    ------
    InputError
        When a value is not one that a record may hold.
    """
    if name in _NETWORKS:
        raise InputError(f"network '{name}': the catalogue has one of that name; choose another")
    if build.count(":") != 1 or not all(build.split(":")):
        raise InputError(f"network '{name}': build is '{build}', expected module:function")
    if not layers:
        raise InputError(f"network '{name}': no layers to score")
    told = feed if isinstance(feed, Feed) else _feed(name, feed)
    record = Network(
        name, build, (*layers, ""), {training: told}, dict(options or {}), multiple_of=multiple_of, spiking=spiking
    )
    return replace(record, scene_steps=told.chunk) if told.kind == "clip" else record


def _feed(name: str, told: Mapping[str, Any]) -> Feed:
    defaults = {"steps": 1, "chunk": 16, "reduce": "mean", "normalisation": "half", "classes": IMAGENET_CLASSES}
    known: dict[str, Any] = {"kind": None, **defaults}
    allowed = {"kind": get_args(Kind), "reduce": get_args(Reduce), "normalisation": get_args(Normalisation)}
    values = known | dict(told)
    for key, value in values.items():
        if key not in known:
            raise InputError(f"network '{name}': feed has no '{key}'{nearest(key, known)}")
        if key in allowed and value not in allowed[key]:
            hint = nearest(str(value), allowed[key])
            raise InputError(f"network '{name}': {key} '{value}' is none of {', '.join(allowed[key])}{hint}")
        if key not in allowed and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise InputError(f"network '{name}': {key} is {value!r}, expected a whole number from 1 on")
    return Feed(**values)
