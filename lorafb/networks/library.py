"""Networks of other people, by name: torchvision's, timm's, or any function that returns a torch module.

Such a network takes images (N, 3, H, W), clips (N, 3, T, H, W) or, as ours, (T, B, 3, H, W). Which one, which of its
modules run, what they give, and where time stands in that, is found by showing it zeros on torch's `meta` device, which
computes shapes without values. `python -m lorafb.networks.library NAME ...` prints it as JSON for `lorafb.networks.named`,
so that reading a config loads no torch.
"""

import contextlib
import inspect
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lorafb.files import InputError, nearest, one_line, sha256
from lorafb.networks import checkpoint
from lorafb.networks.catalogue import Network
from lorafb.networks.state import clear, has_state
from lorafb.networks.taps import tensors

FRAMES = 16
"""Frames of a clip: what networks of clips are trained on."""
CLASSES = 1000
"""Outputs of a classifier that must be told how many."""
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
TWO = 2  # images, and time steps, in a trial run


@dataclass(frozen=True)
class Layer:
    """A module that runs, and what it gives.

    Attributes
    ----------
    name : as torch spells it
    shape : axes of one frame's features; of clips with the number of time steps first
    time_axis : axis of time in what it gives for a clip, None where it has none or mixes time into another
    calls, tensors : how often it runs on an image, how many tensors it gives
    is_block : whether `layers: auto` takes it
    """

    name: str
    shape: tuple[int, ...]
    time_axis: int | None
    calls: int
    tensors: int
    is_block: bool = False


# ------------------------------------------------------------------------------------------------ building


def build(classes: int, source: str, kind: str, frames: int = 0, time_axis: int = 0) -> nn.Module:
    """Build a network by name, with initial weights, so that it takes (T, B, 3, H, W) as ours do.

    Parameters
    ----------
    classes : int
        Outputs of its classifier, where its function can be told.
    source : str
        `torchvision:NAME`, `timm:NAME` or `module:function`.
    kind : "images", "clips" or "steps"
        How it takes frames: (N, 3, H, W), (N, 3, T, H, W), or as ours.
    frames, time_axis : int
        Of a network of clips: frames of a clip (a shorter one is filled by repeating its last frame), and the axis of time
        in what its layers give.
    """
    return adapted(make(source, classes), kind, frames, time_axis)


def make(source: str, classes: int | None = None) -> nn.Module:
    """Call the function that builds a network, with the number of classes where it takes one.

    Raises
    ------
    InputError
        No such library, network or function, or it does not build.
    """
    function = _function(source)
    takes = inspect.signature(function).parameters
    argument = next((name for name in ("classes", "num_classes") if name in takes), None)
    if argument is None and source.startswith(("torchvision:", "timm:")):
        argument = "num_classes"
    needed = argument is not None and argument in takes and takes[argument].default is inspect.Parameter.empty
    classes = CLASSES if classes is None and needed else classes
    told = {argument: classes} if argument and classes is not None else {}
    model: nn.Module = function(**told)
    if not isinstance(model, nn.Module):
        raise InputError(f"network '{source}': gives a {type(model).__name__}, expected a torch module")
    return model


def _function(source: str) -> Callable[..., Any]:
    library, _, name = source.partition(":")
    if library == "torchvision":
        models = import_module("torchvision.models")
        if name not in models.list_models():
            raise InputError(
                f"network '{source}': torchvision has none of that name{nearest(name, models.list_models())}"
            )
        return lambda **told: models.get_model(name, weights=None, **_without_downloads(name, told))
    if library == "timm":
        try:
            timm: Any = import_module("timm")
        except ModuleNotFoundError:
            raise InputError(
                f"network '{source}': timm is not installed; `pip install 'lorafb[timm]'` gets it"
            ) from None
        if not timm.is_model(name):
            raise InputError(f"network '{source}': timm has none of that name{nearest(name, timm.list_models())}")
        return lambda **told: timm.create_model(name, pretrained=False, **told)
    try:
        module = import_module(library)
    except ImportError as error:
        raise InputError(f"network '{source}': {one_line(error)}") from None
    function = getattr(module, name, None)
    if not callable(function):
        hint = nearest(name, [one for one in vars(module) if not one.startswith("_")])
        raise InputError(f"network '{source}': {library} has no function '{name}'{hint}")
    return function  # type: ignore[no-any-return]


def _without_downloads(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """Keep torchvision's detectors and segmenters from fetching weights of their backbone."""
    takes = inspect.signature(import_module("torchvision.models").get_model_builder(name)).parameters
    extra = {"weights_backbone": None} if "weights_backbone" in takes else {}
    init = {"init_weights": True} if name in ("inception_v3", "googlenet") else {}  # what it does, without its warning
    return {**told, **extra, **init}


def adapted(model: nn.Module, kind: str, frames: int = 0, time_axis: int = 0) -> nn.Module:
    """Let a network take (T, B, 3, H, W) and give (T, B, ...); see `build`."""
    if kind == "steps":
        return model
    inner = model.forward

    def of_images(shown: Tensor) -> Tensor:
        given = _first(inner(shown.flatten(0, 1)))
        return given.reshape(*shown.shape[:2], *given.shape[1:])

    def of_clips(shown: Tensor) -> Tensor:
        missing = frames - len(shown)
        clip = torch.cat([shown, shown[-1:].expand(missing, *shown.shape[1:])]) if missing > 0 else shown
        given = _first(inner(clip.permute(1, 2, 0, 3, 4)))
        return given.expand(len(shown), *given.shape)

    vars(model).update(forward=of_clips if kind == "clips" else of_images, channels_may_be_last=True)
    if kind == "clips":
        vars(model).update(time_axis=time_axis, clip_frames=frames)
    return model


def _first(given: Any) -> Tensor:
    return next(one for _, one in tensors(given))


# ------------------------------------------------------------------------------------------------ trying out


def try_on_meta(source: str, size: int | None = None) -> dict[str, Any]:
    """Find out how a network takes frames, and which layers it has.

    Parameters
    ----------
    source : str
        As for `build`.
    size : int, optional
        Height and width of a frame; the network's usual one by default.

    Returns
    -------
    dict
        kind, feed ("still", "clip" or "stateful"), frames, time_axis, size, fixed_size, mean, deviation, classes and
        `layers`, a list of `Layer` as dicts.

    Raises
    ------
    InputError
        It cannot be built, or takes neither images nor clips nor steps.
    """
    model, device = _built(source)
    pixels = _pixels(source, model)
    size = size or pixels["size"]
    kind, given = _kind(source, model, size, device)
    frames = FRAMES if kind == "clips" else 0
    layers = _layers(model, kind, size, device)
    axes = Counter(one.time_axis for one in layers if one.time_axis is not None and one.is_block)
    axes = axes or Counter(one.time_axis for one in layers if one.time_axis is not None)
    if kind == "clips" and not axes:
        raise InputError(f"network '{source}': every layer mixes time with space or channels; no features of a frame")
    time_axis = axes.most_common(1)[0][0] if axes else 0
    usable = [one for one in layers if kind != "clips" or one.time_axis == time_axis]
    stateful = kind == "steps" and any(has_state(module) for module in model.modules())
    return {
        "kind": kind,
        "feed": "clip" if kind == "clips" else "stateful" if stateful else "still",
        "frames": frames,
        "time_axis": time_axis,
        **pixels,
        "size": size,
        "fixed_size": _runs(model, kind, size + 32, device) is None,
        "classes": int(given.shape[2 if kind == "steps" else 1]),
        "layers": [asdict(one) for one in usable],
        "mixing_time": [one.name for one in layers if one not in usable],
    }


def _built(source: str) -> tuple[nn.Module, str]:
    """Build a network without memory, or where it needs values as it is built, with."""
    for device in ("meta", "cpu"):
        try:
            with torch.device(device):
                return make(source).eval(), device
        except InputError:
            raise
        except Exception as error:  # another's function raises what it likes
            problem = error
    raise InputError(f"network '{source}': cannot be built: {one_line(problem)}")


def _pixels(source: str, model: nn.Module) -> dict[str, Any]:
    """Size, mean and deviation that the network's library states; ImageNet's where it states none."""
    library, _, name = source.partition(":")
    found = {"size": 224, "mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225], "stated": False}
    if library == "torchvision":
        with contextlib.suppress(ValueError, AttributeError):  # no weights, or ones without a crop
            way = import_module("torchvision.models").get_model_weights(name).DEFAULT.transforms()
            size = way.crop_size[0] if isinstance(way.crop_size, list | tuple) else way.crop_size
            found |= {"size": int(size), "mean": list(way.mean), "deviation": list(way.std), "stated": True}
    if library == "timm":
        way = import_module("timm.data").resolve_model_data_config(model)
        channels, height, width = way["input_size"]
        if channels != 3 or height != width:
            raise InputError(
                f"network '{source}': takes {channels} channels of {height}x{width} pixels, expected 3 and a square"
            )
        found |= {"size": height, "mean": list(way["mean"]), "deviation": list(way["std"]), "stated": True}
    return found


def _shown(kind: str, size: int, device: str, frames: int = FRAMES) -> Tensor:
    shape = {"images": (TWO, 3), "clips": (1, 3, frames), "steps": (TWO, TWO + 1, 3)}[kind]
    return torch.zeros(*shape, size, size, device=device)


def _runs(model: nn.Module, kind: str, size: int, device: str, frames: int = FRAMES) -> Tensor | None:
    """Show a network frames of a kind and return what it gives; None where it takes no such frames."""
    shown = _shown(kind, size, device, frames)
    leading = shown.shape[: 2 if kind == "steps" else 1]
    try:
        with torch.no_grad():
            clear(model)
            given = _first(model(shown))
            clear(model)
    except Exception:  # another's network raises what it likes at what it does not take
        return None
    return given if given.shape[: len(leading)] == leading and given.dim() > len(leading) else None


def _kind(source: str, model: nn.Module, size: int, device: str) -> tuple[str, Tensor]:
    for kind in ("images", "clips", "steps"):
        given = _runs(model, kind, size, device)
        if given is not None:
            return kind, given
    raise InputError(
        f"network '{source}': takes neither images (N, 3, {size}, {size}) nor clips (N, 3, {FRAMES}, {size}, {size}) nor"
        f" time steps (T, B, 3, {size}, {size}), or gives no tensor with a row for each; wrap it in a function of your own"
    )


def _layers(model: nn.Module, kind: str, size: int, device: str) -> list[Layer]:
    given = _given(model, _shown(kind, size, device))
    longer = {}
    if kind == "clips":
        with contextlib.suppress(Exception):  # a network of one length of clips only
            longer = _given(model, _shown(kind, size, device, 2 * FRAMES))
    blocks = _blocks(model, list(given))
    layers = []
    for name, outputs in given.items():
        held = dict(tensors(outputs[-1]))
        if not held:
            continue
        shape = next(iter(held.values())).shape
        axis, rows = None, 1 if kind != "steps" else 2
        if kind == "clips":
            twice = dict(tensors(longer[name][-1])) if name in longer else {}
            axis = _time_axis(shape, next(iter(twice.values())).shape) if twice else None
            if axis is not None and FRAMES % shape[axis]:
                axis = None
        elif kind == "images" and (not shape or shape[0] != TWO):
            continue  # no row for each image: positions, masks
        one = shape[rows:] if axis is None else (shape[axis], *(n for at, n in enumerate(shape) if at not in (0, axis)))
        layers.append(Layer(name, tuple(one), axis, len(outputs), len(held), name in blocks))
    return layers


def _time_axis(shape: torch.Size, longer: torch.Size) -> int | None:
    """Find the one axis that is twice as long for a clip of twice the length."""
    grown = [axis for axis, (one, two) in enumerate(zip(shape, longer, strict=False)) if one != two]
    alone = len(shape) == len(longer) and len(grown) == 1 and longer[grown[0]] == 2 * shape[grown[0]]
    return grown[0] if alone and grown[0] > 0 else None


def _given(model: nn.Module, shown: Tensor) -> dict[str, list[Any]]:
    """Collect the outputs of every module that runs, by name."""
    given: dict[str, list[Any]] = {}
    with ExitStack() as hooks, torch.no_grad():
        for name, module in model.named_modules():
            if name:
                keep = lambda _, __, output, name=name: given.setdefault(name, []).append(output)  # noqa: E731
                hooks.callback(module.register_forward_hook(keep).remove)
        clear(model)
        model(shown)
        clear(model)
    return given


def _blocks(model: nn.Module, running: list[str]) -> set[str]:
    """Choose the blocks of a network: the outermost modules of a class that it has more than once.

    Where it is a plain row of layers, those after a nonlinearity; else the modules at its top.
    """
    modules = {name: module for name, module in model.named_modules() if name in set(running)}
    composite = {
        name: type(module)
        for name, module in modules.items()
        if not isinstance(module, CONTAINERS) and any(True for _ in module.children())
    }
    counts = Counter(composite.values())
    chosen: set[str] = set()
    for name, kind in composite.items():
        if counts[kind] > 1 and not any(name.startswith(f"{one}.") for one in chosen):
            chosen.add(name)
    bends = {name for name, module in modules.items() if type(module).__module__ == "torch.nn.modules.activation"}
    return chosen or bends or {name for name in modules if "." not in name}


# ------------------------------------------------------------------------------------------------ weights of a library


def weights(network: Network, training: str, name: str) -> checkpoint.Checkpoint:
    """Fetch weights by name and read them as any file: nothing in it is run. Full name and hash stand in `meta`."""
    path, facts = fetch(str(network.options.get("source", network.name)), name)
    read = checkpoint.read(path, network, training)
    said = f"{facts['library']}'s weights {facts['weights']}, sha256 {sha256(path)}"
    return replace(read, meta={**facts, "sha256": sha256(path), "found": f"{said}; {read.meta['found']}"})


def fetch(source: str, name: str) -> tuple[str, dict[str, Any]]:
    """Fetch weights by the name that the network's library gives them, by the library's own means; its hash is checked.

    Parameters
    ----------
    source : `torchvision:NAME` or `timm:NAME`
    name : `IMAGENET1K_V1` or `DEFAULT` of torchvision; a tag of timm (`a1_in1k`)

    Returns
    -------
    path, facts
        The file, and `library`, `weights` (the full name; `DEFAULT` is resolved), `address`.

    Raises
    ------
    InputError
        No such weights, or they cannot be fetched here.
    """
    library, _, network = source.partition(":")
    if library == "torchvision":
        try:
            known = import_module("torchvision.models").get_model_weights(network)
        except ValueError as error:
            raise InputError(f"network '{source}': {one_line(error)}") from None
        if name not in known.__members__:
            raise InputError(
                f"network '{source}': no weights '{name}'{nearest(name, known.__members__)}; it has {_listed(known.__members__)}"
            )
        chosen = known[name]
        address, full, hub = chosen.url, chosen.name, None
    elif library == "timm":
        timm: Any = import_module("timm")
        tags = [one.partition(".")[2] for one in timm.list_pretrained(f"{network.partition('.')[0]}.*")]
        if name not in tags:
            raise InputError(f"network '{source}': no weights '{name}'{nearest(name, tags)}; it has {_listed(tags)}")
        settings = timm.models.get_pretrained_cfg(f"{network.partition('.')[0]}.{name}")
        address, full, hub = settings.url or f"hf-hub:{settings.hf_hub_id}", name, settings.hf_hub_id
    else:
        raise InputError(
            f"network '{source}': its function has no weights by name; give `checkpoint: {{kind: file, ...}}`"
        )
    try:
        path = _from_hub(hub) if hub else _downloaded(address)
    except Exception as error:  # no network, a full disk, another hash: the library raises what it likes
        raise InputError(
            f"network '{source}': weights {full} could not be fetched from {address} ({one_line(error, 100)}); fetch them"
            " where there is a network, and give `checkpoint: {kind: file, file: ...}`"
        ) from None
    return path, {"library": library, "weights": full, "address": address}


def _listed(names: Any) -> str:
    return ", ".join(list(names)[:8]) or "none"


def _downloaded(address: str) -> str:
    """Download into torch's cache; the end of the file's name is the beginning of its hash."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / address.rpartition("/")[2]
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(address, str(path), path.stem.rpartition("-")[2], progress=False)
    return str(path)


def _from_hub(name: str) -> str:
    from huggingface_hub import hf_hub_download

    return str(hf_hub_download(name, "model.safetensors"))


# ------------------------------------------------------------------------------------------------ for the config


def main(names: list[str]) -> None:
    """Print what is found of each network as one JSON object by name; `error` where it is none."""
    print(json.dumps(dict(_answers(names))))


def _answers(names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in names:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                found = try_on_meta(name)
        except InputError as error:
            found = {"error": str(error)}
        yield name, found


if __name__ == "__main__":
    main(sys.argv[1:])
