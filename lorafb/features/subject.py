"""A subject as a job meets it: its network with the right weights, and how it is shown a stimulus."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from lorafb.networks import catalogue, checkpoint
from lorafb.networks.catalogue import Feed


def restore(told: Mapping[str, Any], weights: Path | str) -> tuple[nn.Module, Feed]:
    """Build a subject's network and load its weights.

    Parameters
    ----------
    told : mapping
        `network`, a record as plain data (`lorafb.networks.catalogue.Network.as_params`), `training`, and `feed`, how the
        stimulus is shown (fields of `lorafb.networks.catalogue.Feed`).
    weights : path
        Checkpoint in our own format.

    Returns
    -------
    module, feed
    """
    network, training = catalogue.from_params(told["network"]), str(told["training"])
    model = checkpoint.restore(checkpoint.read(weights, network, training), network)
    return model, Feed(**told["feed"])
