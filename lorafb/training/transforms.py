"""From frames and images as they are stored to what a network sees, by torchvision's v2 transforms, always antialiased.

Huang et al. 2024, appendix C. A sample's draws come from a generator of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2  # type: ignore[import-untyped]
from torchvision.transforms.v2 import functional  # type: ignore[import-untyped]

from lorafb.networks.catalogue import Normalisation, mean_and_deviation
from lorafb.training.settings import Clips, Images

RESIZED, CROPPED, SHOWN = (256, 340), 256, 224
"""Height and width that frames are resized to, side of the square cut out of them, and side that it is resized to."""
BAND = 28
AUGMENTS = {"auto": v2.AutoAugment, "rand": v2.RandAugment, "trivial": v2.TrivialAugmentWide}
BILINEAR = v2.InterpolationMode.BILINEAR


def clip(
    frames: NDArray[np.uint8],
    settings: Clips,
    draws: np.random.Generator | None,
    normalisation: str | Normalisation = "half",
) -> Tensor:
    """Resize, crop, resize and normalise the frames of a clip.

    Parameters
    ----------
    frames : uint8, shape (T, height, width, 3)
    settings : Clips
        For another `size` than 224 all lengths are scaled alike.
    draws : numpy.random.Generator or None
        The crop is drawn from it; without it, as in a test, it is the middle.
    normalisation : "half", "imagenet" or Normalisation

    Returns
    -------
    float32, shape (T, 3, size, size)
    """
    height, width, side = (round(length * settings.size / SHOWN) for length in (*RESIZED, CROPPED))
    if draws is None:
        tops, lefts = [round((height - side) / 2)], [round((width - side) / 2)]
    else:
        crops = len(frames) if settings.crop == "per_frame" else 1
        tops = draws.integers(height - side + 1, size=crops).tolist()
        lefts = draws.integers(width - side + 1, size=crops).tolist()
    planes = torch.from_numpy(frames).permute(0, 3, 1, 2).contiguous().float()
    cut = []
    for part, top, left in zip(planes.tensor_split(len(tops)), tops, lefts, strict=True):
        rows = _weights(frames.shape[1], height, top, side, settings.size)
        columns = _weights(frames.shape[2], width, left, side, settings.size)
        part = torch.cat([part[..., near] @ some.T for near, some in columns], dim=3)
        cut.append(torch.cat([some @ part[..., near, :] for near, some in rows], dim=2).div_(255))
    normal: Tensor = functional.normalize(torch.cat(cut), *map(list, mean_and_deviation(normalisation)))
    return normal


@lru_cache(128)
def _weights(length: int, resized: int, start: int, side: int, size: int) -> list[tuple[slice, Tensor]]:
    """Resize, crop and resize one axis as one matrix, (size, length): both are linear, and axes do not mix.

    It is empty off its diagonal: given are its bands of `BAND` rows, each with the part of the axis that it takes.
    """
    cropped = functional.resize(torch.eye(length)[None], [resized, length], antialias=True)[:, start : start + side]
    matrix = functional.resize(cropped, [size, length], antialias=True)[0]
    bands = []
    for some in matrix.split(BAND):
        used = some.any(dim=0).nonzero()
        near = slice(int(used[0]), int(used[-1]) + 1)
        bands.append((near, some[:, near].contiguous()))
    return bands


def image(
    pixels: NDArray[np.uint8],
    settings: Images,
    draws: np.random.Generator | None,
    normalisation: str | Normalisation = "imagenet",
) -> Tensor:
    """Crop at random, mirror, change and normalise an image, and erase a part of it; a test takes the middle.

    Parameters
    ----------
    pixels : uint8, shape (height, width, 3)
    settings : Images
    draws : numpy.random.Generator or None
    normalisation : "half", "imagenet" or Normalisation

    Returns
    -------
    float32, shape (3, size, size)
    """
    mean, deviation = map(list, mean_and_deviation(normalisation))
    last: Sequence[torch.nn.Module] = (v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, deviation))
    shown = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)
    if draws is None:
        resized = round(settings.size * CROPPED / SHOWN)
        test = (v2.Resize(resized, antialias=True), v2.CenterCrop(settings.size))
        return v2.Compose([*test, *last])(shown)  # type: ignore[no-any-return]
    first: list[torch.nn.Module] = [v2.RandomResizedCrop(settings.size, antialias=True), v2.RandomHorizontalFlip()]
    if settings.augment != "none":
        first.append(AUGMENTS[settings.augment](interpolation=BILINEAR))
    with _drawing(draws):
        return v2.Compose([*first, *last, v2.RandomErasing(settings.erasing)])(shown)  # type: ignore[no-any-return]


@contextmanager
def _drawing(draws: np.random.Generator) -> Iterator[None]:
    """Let torchvision, which draws from torch's global generator, draw what this generator decides."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(draws.integers(2**63)))
        yield
