"""From a record to a torch module."""

from importlib import import_module
from typing import Any

from torch import nn

from lorafb.files import InputError, nearest
from lorafb.networks import catalogue


def create(network: str | catalogue.Network, classes: int | None = None, **options: Any) -> nn.Module:
    """Build a network with initial weights from torch's global random generator.

    Parameters
    ----------
    network : str or Network
        Name in the catalogue, or a record.
    classes : int, optional
        Outputs of the classifier; by default those of the network's usual training set.
    **options
        Arguments of the network's function, over those of its record (`join="and"`).

    Returns
    -------
    torch.nn.Module
        `forward` takes float32 (T, B, 3, H, W) and returns (T, B, classes). State is carried from call to call: use
        `lorafb.networks.state.fresh_state`.

    Raises
    ------
    InputError
        Unknown network, or a `build` that names no function.
    """
    record = catalogue.network(network) if isinstance(network, str) else network
    if classes is None:
        classes = next(iter(record.feeds.values())).classes
    module_name, _, function_name = record.build.partition(":")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise InputError(f"network '{record.name}': build '{record.build}': {error}") from None
    if not callable(getattr(module, function_name, None)):
        hint = nearest(function_name, [name for name in vars(module) if not name.startswith("_")])
        raise InputError(f"network '{record.name}': {module_name} has no function '{function_name}'{hint}")
    model: nn.Module = getattr(module, function_name)(classes=classes, **{**record.options, **options})
    return model
