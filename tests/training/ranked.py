"""What the tests of several processes run in each of them; each function is called by `launch` or by torchrun."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from tiny import RECIPE, Blobs, Net, train

from lorafb.files import InputError
from lorafb.processes import Stopped
from lorafb.training import loop, measures
from lorafb.training.loading import batches
from lorafb.training.ranks import found, joined
from lorafb.training.step import Learner, training_step


def one_step(ranks, batch, clips):
    """Gradients of one step with norms frozen, and running statistics after one with norms in training."""
    learner = Learner(Net().eval(), replace(RECIPE, batch=batch), ranks)
    own = ranks.part(range(clips))
    passes = [own[start : start + batch] for start in range(0, len(own), batch)]
    training_step(learner, batches(Blobs(clips), passes, 0), clips)
    gradients = {name: one.grad for name, one in learner.model.named_parameters()}
    learner.model.train()
    training_step(learner, batches(Blobs(clips), passes, 0), clips)
    return gradients, learner.model.norm.running_mean.clone()


def steps_and_tests(cases):
    """For each (batch, clips) what `one_step` gives, on this rank and whether all have the same; and evaluations."""
    with joined("cpu") as (ranks, where):
        steps = []
        for batch, clips in cases:
            gradients, mean = one_step(ranks, batch, clips)
            alike = torch.equal(ranks.add(mean.clone()), ranks.world * mean)
            steps.append((gradients, mean, alike))
        tests = [measures.evaluate(Net(), Blobs(clips), 2, where, ranks=ranks) for clips in (1, 9, 10)]
    return steps, tests


RECIPE_OF_TWO = replace(RECIPE, batch=2, accumulate=2, ema=True, ema_steps=2)


def trained(folder, stop=False):
    """Train, with a signal on another rank than the first."""
    asked = stop and found().rank == 1
    at = Blobs(14, at=9 if asked else -1, then=lambda: os.kill(os.getpid(), 15))
    return train(folder, at, recipe=RECIPE_OF_TWO)


def without_norms(folder, batch):
    """Train what does not depend on how clips are divided into passes."""
    model = Net()
    model.norm = model.drop = torch.nn.Identity()
    recipe = replace(RECIPE, batch=batch, label_smoothing=0.1)
    return loop.train(model, Blobs(14), Blobs(10), recipe, 3, folder)


def waits_in_vain():
    """Wait for a rank that does not come."""
    with joined("cpu") as (ranks, _):
        if ranks.rank == 1:
            time.sleep(600)
        ranks.add(torch.ones(1))


def with_callbacks(folder, progress, on_epoch):
    """Train with functions of the parent."""
    return train(folder, progress=progress, on_epoch=on_epoch)


def fails_on(rank):
    """Refuse on one rank, wait on the others."""
    if found().rank == rank:
        raise InputError(f"clip.avi: rank {rank} cannot decode it")
    time.sleep(600)


def slowly(folder):
    """Train for ever, with a file for each rank that has begun."""

    class Slow(Blobs):
        def sample(self, number, epoch):
            time.sleep(0.02)
            (Path(folder) / f"began.{found().rank}.{os.getpid()}").touch()
            return super().sample(number, epoch)

    return train(Path(folder) / "side", Slow(14), recipe=replace(RECIPE, epochs=100_000, batch=2))


if __name__ == "__main__":
    try:
        slowly(sys.argv[1])
    except Stopped as stopped:
        print(stopped)
        sys.exit(75)
