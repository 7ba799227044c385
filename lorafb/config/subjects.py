"""One network with one set of weights, and how it came by them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from lorafb.config.experiments import Perturbation
from lorafb.networks import catalogue
from lorafb.records import PIXELS, Model, Name
from lorafb.training.settings import ImageRecipe, Motion, Taken, VideoRecipe

Role = Literal[
    "lorafb_snet",
    "cornet",
    "resnet_2p_cpc",
    "sew_resnet",
    "no_spike",
    "lorafb_continuous",
    "lorafb_discontinuous",
    "lorafb_imagenet",
    "sew_imagenet",
]


UNMARKED = " [UNMARKED WEIGHTS]"
"""Flag in figures and tables of weights that may be an ordinary network's, in a spiking one."""


class Feeding(catalogue.Feed):
    """How your own network is shown a movie."""


class OwnNetwork(Model):
    """A network of one's own: a function that returns a torch module, and its layers."""

    build: str = Field(
        description="module:function; the module is beside the config or installed, the function takes `classes` and the options"
    )
    layers: list[str] = Field(min_length=1, description="layers to score, as named_modules() names them, in order")
    feed: Feeding = Field(description="how it takes a movie")
    training: Name = Field("own", description="its training set, as tables name it")
    options: dict[str, int | float | str | bool] = Field(default_factory=dict, description="arguments of the function")
    multiple_of: int = Field(1, ge=1, description="height and width must be multiples of it", json_schema_extra=PIXELS)
    spiking: bool = Field(False, description="its layers put out spike counts")

    def record(self, name: str) -> catalogue.Network:
        """Record of the network, as the catalogue has them of the others."""
        return catalogue.own(
            name,
            self.build,
            self.layers,
            self.feed,
            training=self.training,
            options=self.options,
            multiple_of=self.multiple_of,
            spiking=self.spiking,
        )


class Trained(Model):
    """Weights trained here."""

    kind: Literal["trained"]
    seed: int = Field(2022, ge=0, description="seed of initial weights and of the order of clips")
    recipe: Name | None = Field(None, description="name in `recipes`; null takes that of the training set")
    pretrained: str | None = Field(
        None, description="checkpoint of the same network to start from; all but its classifier is taken"
    )


class Initial(Model):
    """Initial weights of the network; figures and tables call them so."""

    kind: Literal["initial"]
    seed: int = Field(2022, ge=0, description="seed of the weights")
    norms: Name | None = Field(
        None,
        description="movie whose statistics the norms take; without it they do nothing, and neurons may stay silent",
    )


class Saved(Model):
    """A file of weights: published, ours, or as torch or safetensors save them."""

    kind: Literal["file"]
    file: str = Field(description="the file; `lorafb check FILE` says what it holds")
    entry: str | None = Field(
        None, description="which of several sets of weights in the file, as the error that asks for it names them"
    )
    unmarked: bool = Field(
        False,
        description="take weights that do not say of which network they are for a spiking one; figures, tables and report flag them",
    )


class Library(Model):
    """Weights that the network's library offers by name: fetched by its own means, its hash checked."""

    kind: Literal["library"]
    name: str = Field(
        "DEFAULT", description="IMAGENET1K_V1, ... of torchvision (DEFAULT is resolved and recorded), a tag of timm"
    )


class Subject(Model):
    """One network with one set of weights."""

    network: str = Field(
        description="name in the catalogue (`lorafb networks`) or under `networks`; or torchvision:NAME, timm:NAME, module:function"
    )
    training: str = Field(
        "own",
        description="training set of the weights: sets classes, normalisation and how frames are presented; "
        "for networks of other libraries, a name in tables",
    )
    checkpoint: Trained | Initial | Saved | Library = Field(
        discriminator="kind", description="where the weights come from"
    )
    label: str | None = Field(None, description="name in figures")
    role: Role | None = Field(None, description="network of the paper that it represents in figures and tables")
    sees: list[Name] | None = Field(None, description="movies and scenes that it is presented with; null: all")
    experiments: list[Perturbation] = Field(
        [], description="experiments that it takes part in, of those that need extra passes"
    )
    layers: Annotated[list[str], Field(min_length=1)] | str | None = Field(
        None,
        description="layers to score: names and patterns, or `auto` (also null): all but the classifier, blocks of other people's networks",
    )
    size: int | None = Field(
        None,
        ge=32,
        description="frames are resized to this height and width; null takes the network's usual one (ours 224)",
        json_schema_extra=PIXELS,
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        [], description="makes subjects NAME_SEED, one a seed, in place of the one with `checkpoint.seed`"
    )
    replicate_of: Name | None = Field(
        None, description="name under which figures show the mean over this subject and the others that give it"
    )

    @property
    def shown_as(self) -> str:
        """Name in figures."""
        kind = "initial weights" if isinstance(self.checkpoint, Initial) else self.training
        return (self.label or f"{self.network} ({kind})") + UNMARKED * self.unmarked

    @property
    def unmarked(self) -> bool:
        """Whether its weights do not say that they are of a spiking network, and are taken for one."""
        return isinstance(self.checkpoint, Saved) and self.checkpoint.unmarked


def replicated(subjects: Mapping[str, Subject]) -> dict[str, Subject]:
    """Put a replicate of each seed in the place of each subject with `seeds`; one whose seeds cannot be used stays."""
    made = {}
    for name, one in subjects.items():
        if isinstance(one.checkpoint, Saved) or any(seeds_problems(name, subjects)):
            made[name] = one
            continue
        for seed in one.seeds:
            weights = one.checkpoint.model_copy(update={"seed": seed})
            changes: dict[str, object] = {"seeds": [], "replicate_of": name, "checkpoint": weights}
            made[f"{name}_{seed}"] = one.model_copy(update=changes)
        if not one.seeds:
            made[name] = one
    return made


def seeds_problems(name: str, subjects: Mapping[str, Subject]) -> Iterator[str]:
    """Describe why a subject's `seeds` cannot be used."""
    one = subjects[name]
    if one.seeds and isinstance(one.checkpoint, Saved):
        yield "weights from a file have no seed; give a subject a file, each with `replicate_of`"
    if one.seeds and one.replicate_of:
        yield f"it is one replicate of {one.replicate_of} already; leave out `seeds` or `replicate_of`"
    yield from (f"{seed} is given more than once" for seed in sorted(set(one.seeds)) if one.seeds.count(seed) > 1)
    for seed in dict.fromkeys(one.seeds):
        if f"{name}_{seed}" in subjects:
            yield f"{seed} would make a second subject {name}_{seed}; give one of them another name"


class Recipes(Model):
    """How the workflow trains. A name that is none of these is a recipe of your own, with its `kind`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[VideoRecipe | ImageRecipe, Field(discriminator="kind")]]

    motion: Motion = Field(default_factory=Motion, description="the embedded motion task")
    ucf101: VideoRecipe = Field(default_factory=VideoRecipe, description="UCF101 and its subsets, and your own videos")
    imagenet: ImageRecipe = Field(default_factory=ImageRecipe, description="ImageNet, and your own images")

    @property
    def named(self) -> dict[str, Motion | VideoRecipe | ImageRecipe]:
        """All recipes, by name."""
        known = {name: getattr(self, name) for name in type(self).model_fields}
        return {**known, **(self.__pydantic_extra__ or {})}


class TrainingSet(Model):
    """A training set on your disk: UCF101, ImageNet, or a folder of classes."""

    kind: Literal["ucf101", "imagenet", "folder"] | None = Field(
        None, description="what it is; null takes its name, which is then `ucf101` or `imagenet`"
    )
    folder: str = Field(description="its folder; relative paths as for a video")
    subset: bool = Field(False, description="true where some videos or images are left out on purpose")
    split: Literal[1, 2, 3] = Field(1, description="split of UCF101")
    holds: Literal["videos", "images"] = Field(
        "videos", description="of kind folder: what is in train/CLASS and in test/CLASS or val/CLASS"
    )
    classes: int | None = Field(None, ge=2, description="of kind folder, and needed there: number of classes")
    lists: list[str] | None = Field(
        None,
        min_length=2,
        max_length=2,
        description="of kind folder: lists of files to train on and to test on, in the folder; null takes its folders",
    )
    taken: Taken = Field(
        "every",
        description="of kind folder: every clip of a video, one run of frames drawn each epoch, or frames drawn one by one",
    )
    skip: int = Field(0, ge=0, description="files that may be left out because they are empty or cannot be read")
    read: Literal["videos", "frames"] = Field(
        "frames", description="decode the videos each time, or write their frames as pictures once and read these"
    )
    parts: int = Field(20, ge=1, description="jobs that write frames, each of some classes")
    frames: str = Field("data/{set}_frames", description="where frames are written, {set} stands for the set's name")

    @property
    def images(self) -> bool:
        """Whether it holds images, not videos."""
        return self.kind == "imagenet" or (self.kind == "folder" and self.holds == "images")
