"""The networks by name, for people: `create(name)`, `list()`, `layers(name)`. What loads no torch asks the catalogue."""

from lorafb.networks.build import create
from lorafb.networks.catalogue import layers
from lorafb.networks.catalogue import names as list

__all__ = ["create", "layers", "list"]
