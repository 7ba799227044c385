"""Statistics of the norms of an untrained network: without them its norms do nothing, and most of its neurons stay silent."""

import numpy as np
import torch
from torch import nn

from lorafb.features.prepare import FrameSource
from lorafb.networks.state import fresh_state


@torch.no_grad()
def take_statistics(model: nn.Module, source: FrameSource, n_frames: int, images_at_once: int = 16) -> None:
    """Set the running mean and variance of every batch norm to those of one showing of a movie.

    Parameters
    ----------
    model : network that sees a movie frame by frame, changed in place and left in evaluation mode
        Weights stay as they are. While it is shown the movie each norm uses the statistics of the present frames.
    source : frames by their positions
    n_frames : number of frames T, shown in the movie's order
    images_at_once : frames in one forward call
        Part of the definition: a norm keeps the plain mean, over calls, of their means and variances. Frames that fill
        no whole call are not shown, unless there are no others.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all calls
    model.train()
    with fresh_state(model):
        length = min(images_at_once, n_frames)
        for first in range(0, n_frames - length + 1, length):
            model(source(np.arange(first, first + length))[:, None])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
