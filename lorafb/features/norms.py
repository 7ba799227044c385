"""Statistics of the norms of an untrained network: without them its norms do nothing, and most of its neurons stay silent."""

import torch
from torch import nn

from lorafb.features.prepare import FrameSource
from lorafb.networks.catalogue import Feed
from lorafb.networks.state import fresh_state


@torch.no_grad()
def take_statistics(model: nn.Module, source: FrameSource, n_frames: int, feed: Feed, images_at_once: int = 16) -> None:
    """Set the running mean and variance of every batch norm to those of one showing of a movie.

    Parameters
    ----------
    model : network, changed in place and left in evaluation mode
        Weights stay as they are. While it is shown the movie each norm uses the statistics of the present frames.
    source : frames by their positions
    n_frames : number of frames T, shown in the movie's order
    feed : how the network is shown a movie
    images_at_once : frames in one forward call
    """
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all calls
    model.train()
    with fresh_state(model):
        for first in range(0, n_frames, images_at_once):
            positions = torch.arange(first, min(first + images_at_once, n_frames)).numpy()
            model(source(positions)[:, None])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
