"""Mixed samples: mixup (Zhang et al. 2018) and cutmix (Yun et al. 2019), each clip with its neighbour in the batch."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lorafb.training.recipe import Recipe


@dataclass(frozen=True)
class Targets:
    """What clips show: their own label with weight `share`, and another one's with the rest.

    Attributes
    ----------
    labels, others : int64, shape (B,)
    share : float
    """

    labels: Tensor
    others: Tensor
    share: float = 1.0

    def loss(self, evidence: Tensor, smoothing: float) -> Tensor:
        """Mean cross-entropy of evidence (B, classes), which is linear in the target."""
        own = functional.cross_entropy(evidence, self.labels, label_smoothing=smoothing)
        if self.share == 1:
            return own
        other = functional.cross_entropy(evidence, self.others, label_smoothing=smoothing)
        return self.share * own + (1 - self.share) * other

    def correct(self, evidence: Tensor) -> int:
        """Count clips whose strongest evidence is for the label of the larger share."""
        larger = self.labels if self.share >= 0.5 else self.others
        return int((evidence.argmax(dim=1) == larger).sum())


def mix(frames: Tensor, labels: Tensor, recipe: Recipe, draws: np.random.Generator) -> tuple[Tensor, Targets]:
    """Mix each clip with the one before it, as the recipe says.

    Parameters
    ----------
    frames : float32, shape (T, B, 3, height, width)
    labels : int64, shape (B,)
    recipe : Recipe
        `mixup` and `cutmix` are the parameters alpha of the beta distribution of the clips' own share; with both above
        0 one of the two is taken, with equal chance.
    draws : numpy.random.Generator

    Returns
    -------
    frames, Targets
        All frames of a clip are mixed alike. The share of a cut is that of its pixels.
    """
    if not (recipe.mixup or recipe.cutmix):
        return frames, Targets(labels, labels)
    cut = recipe.cutmix > 0 and (recipe.mixup == 0 or draws.random() < 0.5)
    alpha = recipe.cutmix if cut else recipe.mixup
    share = float(draws.beta(alpha, alpha))
    others, before = labels.roll(1), frames.roll(1, dims=1)
    if not cut:
        return torch.lerp(before, frames, share), Targets(labels, others, share)
    height, width = frames.shape[-2:]
    y, x, half = draws.integers(height), draws.integers(width), 0.5 * np.sqrt(1 - share)
    top, bottom = np.clip((y - round(half * height), y + round(half * height)), 0, height)
    left, right = np.clip((x - round(half * width), x + round(half * width)), 0, width)
    mixed = frames.clone()
    mixed[..., top:bottom, left:right] = before[..., top:bottom, left:right]
    return mixed, Targets(labels, others, 1 - float((bottom - top) * (right - left)) / (height * width))
