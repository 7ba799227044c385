"""A network and clips small enough to train in a moment, for the tests of the loop."""

import os
import signal
from dataclasses import dataclass

import torch
from spikingjelly.activation_based import layer
from torch import nn

from lorafb.networks.neurons import Neurons
from lorafb.training import loop
from lorafb.training.recipe import Recipe

torch.set_num_threads(1)

RECIPE = Recipe(epochs=3, batch=4, learning_rate=0.05, warmup_epochs=1)


class Net(nn.Module):
    """Spikes, a norm and dropout: all that carries state from step to step."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.conv = layer.Conv2d(3, 6, 3, stride=2, step_mode="m")
            self.norm = layer.BatchNorm2d(6, step_mode="m")
            self.spikes = Neurons(leaky=True, step_mode="m")
            self.drop = nn.Dropout(0.2)
            self.classify = nn.Linear(6, 2)

    def forward(self, frames):
        seen = self.spikes(self.norm(self.conv(frames)))
        return self.classify(self.drop(seen.mean(dim=(3, 4))))


@dataclass
class Blobs:
    """Bright or dark frames in noise; `then` is called when as many clips as `at` were asked for."""

    clips: int
    at: int = -1
    then: object = None
    calls: int = 0

    def __len__(self):
        return self.clips

    def sample(self, number, epoch):
        if self.calls == self.at:
            self.then()
        self.calls += 1
        label = number % 2
        noise = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(1000 * epoch + number))
        return noise + 2.0 * label - 1, label


def clips_before(step, batch=4, clips=14):
    """Clips that a training has asked for before its step."""
    epoch, step = divmod(step, -(-clips // batch))
    return epoch * clips + step * batch


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(work):
    """Do work in a forked process that is to end by SIGKILL or by itself; returns its exit code."""
    process = os.fork()
    if process == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def train(folder, training=None, recipe=RECIPE, seed=3, test=None, **options):
    return loop.train(Net(), training or Blobs(14), test or Blobs(10), recipe, seed, folder, **options)


def same(ours, theirs):
    assert ours.meta == theirs.meta
    assert ours.epochs == theirs.epochs
    assert ours.state_dict.keys() == theirs.state_dict.keys()
    for key, value in ours.state_dict.items():
        assert torch.equal(value, theirs.state_dict[key])
