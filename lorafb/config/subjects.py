"""One network with one set of weights, and how it came by them."""

from typing import Annotated, Literal

from pydantic import Field

from lorafb.config.experiments import Perturbation
from lorafb.networks import catalogue
from lorafb.records import PIXELS, Model, Name
from lorafb.training.settings import Motion

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
    feed: Feeding = Field(description="how it is shown a movie")
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
    """Weights trained here, by the recipe of the subject's training set."""

    kind: Literal["trained"]
    seed: int = Field(2022, ge=0, description="seed of initial weights and of the order of clips")


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
        description="training set: decides classes, normalisation and how frames are shown; of other people's networks a name for tables",
    )
    checkpoint: Trained | Initial | Saved | Library = Field(
        discriminator="kind", description="where the weights come from"
    )
    label: str | None = Field(None, description="name in figures")
    role: Role | None = Field(None, description="network of the paper that it represents in figures and tables")
    sees: list[Name] | None = Field(None, description="movies and scenes that it is shown; null takes all")
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

    @property
    def shown_as(self) -> str:
        """Name in figures."""
        kind = "initial weights" if isinstance(self.checkpoint, Initial) else self.training
        return (self.label or f"{self.network} ({kind})") + UNMARKED * self.unmarked

    @property
    def unmarked(self) -> bool:
        """Whether its weights do not say that they are of a spiking network, and are taken for one."""
        return isinstance(self.checkpoint, Saved) and self.checkpoint.unmarked


class Recipes(Model):
    """How the workflow trains."""

    motion: Motion = Field(default_factory=Motion, description="the embedded motion task")
