"""The training loop: each step is a function of the weights, the seed and its number, so a killed run loses no bit."""

import hashlib
import itertools
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor, nn

from lorafb.files import InputError
from lorafb.processes import Stopped
from lorafb.training.guards import check_memory, check_skips, load_pretrained
from lorafb.training.loading import Batch, Data, batches
from lorafb.training.measures import activity, evaluate, interval, silent
from lorafb.training.ranks import joined
from lorafb.training.recipe import Recipe, learning_rate
from lorafb.training.resume import Progress, Resume, alone, asked_to_stop, restore
from lorafb.training.step import Learner, gradient_norms, training_step

logger = logging.getLogger(__name__)
RATE = "rate:"  # how names of columns with the rate of a layer begin
LINE_S = 30.0  # longest silence of the log


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes
    ----------
    state_dict : dict of str to Tensor
        Weights of the epoch with the best test accuracy, on the CPU.
    meta : dict
        Fits JSON: `test_accuracy`, its 95 % `test_interval`, `test_clips`, `best_epoch`, `last_test_accuracy` (of the
        last epoch, not chosen for being the best), and what defines the training: `recipe`, `seed`, `torch`,
        `threads`, `device`, `first_weights` (sha256) and the caller's own entries.
    epochs : list of dict
        One row an epoch: losses, accuracies, learning rate at its start, rate of each layer of neurons.
    last : dict of str to Tensor
        Weights of the last epoch, on the CPU.
    """

    state_dict: dict[str, Tensor]
    meta: dict[str, Any]
    epochs: list[dict[str, float]]
    last: dict[str, Tensor]

    @property
    def result(self) -> dict[str, Any]:
        """Row of a table: test accuracy, its 95 % interval from `low` to `high`, chance, clips, epoch of the weights.

        `silent_layers` names the layers in which no unit was active on any test clip of that epoch.
        """
        low, high = self.meta["test_interval"]
        of_test = {"test_accuracy": self.meta["test_accuracy"], "low": low, "high": high}
        chance = {"chance": 1 / self.meta["classes"]}
        row = self.epochs[self.meta["best_epoch"]]
        rates = {name.removeprefix(RATE): value for name, value in row.items() if name.startswith(RATE)}
        quiet = {"silent_layers": ", ".join(silent(rates))}
        return of_test | chance | {key: self.meta[key] for key in ("test_clips", "best_epoch")} | quiet


def train(
    model: nn.Module,
    training: Data,
    test: Data,
    recipe: Recipe,
    seed: int,
    folder: Path | str,
    *,
    identity: Mapping[str, Any] | None = None,
    device: str = "cpu",
    save_every_s: float = 60.0,
    stop_after_s: float | None = None,
    workers: int = 0,
    pretrained: Mapping[str, Tensor] | None = None,
    progress: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Trained:
    """Train a network; go on where a killed run of the same training stopped.

    Started in several processes (by torchrun, srun or `lorafb.training.ranks.launch`), it is one training on all of
    them: each sees its part of every step and of the test; the first one writes.

    Parameters
    ----------
    model : torch.nn.Module
        Takes float32 (T, B, 3, height, width), gives (T, B, classes); with its first weights, also when continuing, and
        the same ones in all processes.
    training, test : Data
    recipe : Recipe
    seed : int
        Of the order of the clips, of whatever the network draws, and of mixed clips.
    folder : path
        Side folder for the resume file; no other training may use it at the same time.
    identity : mapping, optional
        Whatever else defines this training, fit for JSON: the task, hashes of inputs, the decoder and its version, the
        digest of the code. A resume file made under another identity is not continued.
    device : str
        "cuda" means the GPU of the process's local number. Number of threads and deterministic algorithms are the
        caller's to set, before the first step.
    save_every_s : float
        Time between two saves inside an epoch; each epoch's end is saved in any case. It changes no bit.
    stop_after_s : float, optional
        Save and end after so long, as at SIGTERM.
    workers : int
        Processes that make the clips, for each of the ranks; it changes no bit.
    pretrained : mapping of str to Tensor, optional
        State dict to start from: everything but `fc.*` is taken.
    progress : callable, optional
        Called after each step with the clips shown so far, and the clips of all epochs.
    on_epoch : callable, optional
        Called with the row of each epoch before it is saved; after a kill just then, once more with the same row.

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        The loss or a gradient is no longer finite (the message names epoch, step and layer), memory is out, a clip
        cannot be made, or the pretrained weights are of another network.
    Stopped
        SIGTERM, Ctrl-C or the clock: all steps are saved, and the same call goes on from there.

    Notes
    -----
    State is reset before every pass; the loss is the cross-entropy of the mean over T (Huang et al. 2024, appendix C).
    Norms take the statistics of a process's own clips in one pass, as published; their running statistics are averaged
    over the processes after every step.
    """
    began, folder = time.monotonic(), Path(folder)
    if pretrained is not None:
        load_pretrained(model, pretrained)
    with joined(device) as (ranks, where), asked_to_stop() as asked, torch.random.fork_rng():
        learner = Learner(model, recipe, ranks, where)
        made_by = {
            **(identity or {}),
            "recipe": asdict(recipe),
            "seed": seed,
            "first_weights": weights_digest(model),
            "torch": str(torch.__version__),
            "threads": torch.get_num_threads(),
            "device": device,
            "processes": ranks.world,
        }
        if ranks.share(lambda: made_by) != made_by:
            raise InputError(f"process {ranks.rank} was started with other weights or settings than the first one")

        def due() -> bool:
            return asked() or (stop_after_s is not None and time.monotonic() - began >= stop_after_s)

        resume = Resume(folder, made_by)
        with alone(folder) if ranks.first else nullcontext():
            state = restore(ranks.share(resume.read), learner.parts())
            run = _Run(learner, training, test, seed, resume, state, workers, save_every_s, due, progress)
            while state.epoch < recipe.epochs:
                run.steps()
                row = run.end_of_epoch()
                if ranks.first and on_epoch is not None:
                    on_epoch(row)
                run.save()
    return Trained(state.best, {**made_by, **_summary(state, test)}, state.epochs, _weights(learner.tested))


def epoch_order(seed: int, epoch: int, clips: int) -> list[int]:
    """Order in which an epoch shows the clips, from seed and epoch alone."""
    return [int(number) for number in np.random.default_rng([seed, epoch]).permutation(clips)]


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}


def weights_digest(model: nn.Module) -> str:
    """Hash names, shapes and values of a network's state dict (sha256, hex)."""
    digest = hashlib.sha256()
    for key, value in model.state_dict().items():
        digest.update(f"{key} {value.dtype} {tuple(value.shape)};".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


class _Run:
    """One call of `train`: what stays the same from step to step, beside the progress and the time of the last save."""

    def __init__(
        self,
        learner: Learner,
        training: Data,
        test: Data,
        seed: int,
        resume: Resume,
        state: Progress,
        workers: int,
        save_every_s: float,
        due: Callable[[], bool],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.learner, self.training, self.test, self.seed = learner, training, test, seed
        self.resume, self.state, self.workers = resume, state, workers
        self.save_every_s, self.due, self.progress = save_every_s, due, progress
        recipe = learner.recipe
        self.group = recipe.batch * recipe.accumulate * learner.ranks.world
        self.n_steps = math.ceil(len(training) / self.group)
        self.saved_at = self.logged_at = time.monotonic()

    def steps(self) -> None:
        """Do the steps that are left of this epoch."""
        state, learner = self.state, self.learner
        learner.model.train()
        order = epoch_order(self.seed, state.epoch, len(self.training))
        groups = [order[step * self.group : (step + 1) * self.group] for step in range(state.step, self.n_steps)]
        passes = [self.passes(group) for group in groups]
        every = [one for several in passes for one in several]
        pin = learner.device.type == "cuda"
        with closing(batches(self.training, every, state.epoch, self.workers, pin)) as made:
            for group, several in zip(groups, passes, strict=True):
                self.step(itertools.islice(made, len(several)), len(group))
        if groups:
            self.save()  # a kill during the test must not cost steps

    def passes(self, group: Sequence[int]) -> list[Sequence[int]]:
        """Divide this rank's part of a step into passes."""
        own, batch = self.learner.ranks.part(group), self.learner.recipe.batch
        return [own[start : start + batch] for start in range(0, len(own), batch)]

    def step(self, made: Iterable[Batch], clips: int) -> None:
        """Do one step, and save, report, warn or stop when it is time."""
        state, learner, recipe = self.state, self.learner, self.learner.recipe
        taken = state.step - state.skipped
        for group in learner.optimiser.param_groups:
            group["lr"] = learning_rate(recipe, state.epoch, taken, self.n_steps)
        talk = time.monotonic() - self.logged_at >= LINE_S
        watch = talk or state.step == 0
        with activity(learner.model) if watch else nullcontext() as active:
            try:
                outcome = training_step(learner, made, clips, (self.seed, state.epoch, state.step))
                state.in_a_row = 0 if outcome.taken else state.in_a_row + 1
                check_skips(state.in_a_row)
            except InputError as error:
                raise InputError(f"training stopped at epoch {state.epoch}, step {state.step}: {error}") from error
        if active is not None:
            self.warn(active.rates(active.numbers()), f"epoch {state.epoch}, step {state.step}")
        state.skipped += not outcome.taken
        if learner.average is not None and outcome.taken and taken % recipe.ema_steps == 0:
            learner.average.update_parameters(learner.model)
            if state.epoch < recipe.warmup_epochs:
                learner.average.n_averaged.fill_(0)  # the next update copies: weights still move fast
        if state.step == self.n_steps - 1:
            state.gradients = gradient_norms(learner.model)
        mine = [outcome.loss, outcome.correct, outcome.clips, float(self.due())]
        sums = learner.ranks.add(torch.tensor(mine, dtype=torch.float64, device=learner.device)).tolist()
        state.loss, state.correct, state.seen = state.loss + sums[0], state.correct + int(sums[1]), state.seen + clips
        state.step += 1
        self.report(talk)
        if sums[3]:
            self.stop()
        if time.monotonic() - self.saved_at >= self.save_every_s:
            self.save()

    def report(self, talk: bool) -> None:
        """Tell how far the training is."""
        state, clips = self.state, len(self.training)
        if not self.learner.ranks.first:
            return
        if self.progress is not None:
            self.progress(state.epoch * clips + min(state.step * self.group, clips), self.learner.recipe.epochs * clips)
        if talk:
            loss = state.loss / state.seen
            logger.info("epoch %d, step %d of %d: loss %.4f", state.epoch, state.step, self.n_steps, loss)
            self.logged_at = time.monotonic()
        if (state.epoch, state.step) == (0, 1) and self.learner.device.type == "cuda":
            peak = torch.cuda.max_memory_allocated(self.learner.device) / 2**30
            logger.info("the first step took %.1f GiB of GPU memory", peak)

    def warn(self, rates: Mapping[str, float], when: str) -> None:
        """Name the layers that are silent."""
        quiet = silent(rates)
        if quiet and self.learner.ranks.first:
            logger.warning("%s: silent layers, no unit active: %s", when, ", ".join(quiet))

    def save(self) -> None:
        """Save progress and weights, on the first rank; all ranks have the same ones after a step."""
        if self.learner.ranks.first:
            self.resume.save(self.state, self.learner.parts())
        self.saved_at = time.monotonic()

    def stop(self) -> NoReturn:
        """Save and end."""
        self.save()
        where = f"epoch {self.state.epoch}, step {self.state.step} of {self.n_steps}"
        raise Stopped(
            f"training stopped at {where} and saved in {self.resume.path.parent}; continues when started again"
        )

    def end_of_epoch(self) -> dict[str, float]:
        """Test, keep the weights if they are the best, and make the epoch's row."""
        learner, state, recipe = self.learner, self.state, self.learner.recipe
        with check_memory(recipe):
            result = evaluate(
                learner.tested,
                self.test,
                recipe.batch,
                learner.device,
                ranks=learner.ranks,
                workers=self.workers,
                precision=learner.precision,
                due=self.due,
            )
        if result is None:
            self.stop()
        row = {
            "epoch": state.epoch,
            "learning_rate": learning_rate(recipe, state.epoch),
            "training_loss": state.loss / state.seen,
            "training_accuracy": state.correct / state.seen,
            "test_loss": result.loss,
            "test_accuracy": result.accuracy,
            **{f"{RATE}{layer}": rate for layer, rate in result.rates.items()},
            **{f"gradient:{layer}": norm for layer, norm in state.gradients.items()},
        }
        if all(result.accuracy > earlier["test_accuracy"] for earlier in state.epochs):
            state.best = _weights(learner.tested)
            state.best_epoch = state.epoch
        if learner.ranks.first:
            logger.info(
                "epoch %(epoch)d: loss %(training_loss).4f, test loss %(test_loss).4f,"
                " test accuracy %(test_accuracy).3f",
                row,
            )
        self.warn(result.rates, f"epoch {state.epoch}")
        state.epochs.append(row)
        state.epoch, state.step, state.skipped = state.epoch + 1, 0, 0
        state.loss, state.correct, state.seen = 0.0, 0, 0
        return row


def _summary(progress: Progress, test: Data) -> dict[str, Any]:
    clips, independent = len(test), getattr(test, "independent", len(test))
    accuracy = progress.epochs[progress.best_epoch]["test_accuracy"]
    return {
        "test_accuracy": accuracy,
        "test_interval": list(interval(round(accuracy * independent), independent)),
        "test_clips": clips,
        "best_epoch": progress.best_epoch,
        "last_test_accuracy": progress.epochs[-1]["test_accuracy"],
    }
