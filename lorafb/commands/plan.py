"""What a run shows and scores, drawn and checked before a network is shown anything."""

from argparse import Namespace
from dataclasses import dataclass
from typing import Any, Literal

from lorafb import trials
from lorafb.experiments.table import Labels
from lorafb.files import InputError

Kind = Literal["original", "scenes", "clip", "front", "shuffle", "replace"]

OPTION: dict[Kind, str] = {"shuffle": "--shuffle", "replace": "--replace", "clip": "--clip-len", "front": "--front-len"}


@dataclass(frozen=True)
class Plan:
    """One experiment.

    Attributes
    ----------
    kind : str
        The experiment, as the table of scores names it.
    labels : Labels
    best_layer : bool
        Whether only the layers that were best on the original movie are scored.
    window, length : int or None
        Frames of a window (shuffle, replace); of a clip, or shown (front).
    replacement : str
        Noise movie of replaced frames.
    drawn : int64 or None
        Starts of clips (trials,), orders (trials, T), or replaced frames (trials, windows), from `lorafb.trials`.
    """

    kind: Kind
    labels: Labels
    best_layer: bool = False
    window: int | None = None
    length: int | None = None
    replacement: str = ""
    drawn: trials.IntArray | None = None

    @property
    def first(self) -> Kind:
        """Experiment that finds the best layers."""
        return "scenes" if self.kind == "scenes" else "original"

    def n_scored(self, n_frames: int) -> int:
        """Count the frames, of `n_frames`, that the smallest score of this experiment sees."""
        if self.length is not None:
            return self.length - (1 if self.kind == "front" else 0)
        return n_frames - (0 if self.kind == "scenes" else 1)

    def parameters(self) -> dict[str, Any]:
        """Tell the experiment, for the provenance of its scores."""
        return {
            "experiment": self.kind,
            "best_layer": self.best_layer,
            "window": self.window,
            "length": self.length,
            "replacement": self.replacement,
            "trials": None if self.drawn is None else len(self.drawn),
            "seed": trials.PUBLISHED_SEED,
        }


def plan(told: Namespace, n_frames: int, scenes: bool) -> Plan:
    """Choose the experiment of a command line, and draw its trials.

    Parameters
    ----------
    told : Namespace
        From the options of `lorafb similarity`.
    n_frames : int
        Frames T of the stimulus, or images.
    scenes : bool
        Whether they are unrelated images.

    Raises
    ------
    InputError
        One line that names the option, its value, and what was expected.
    """
    labels = Labels(told.model_name or told.model, told.train_dataset, told.neural_dataset)
    kind = _kind(told, scenes)
    shared: dict[str, Any] = {"kind": kind, "labels": labels, "best_layer": told.best_layer}
    if kind not in OPTION:
        return Plan(**shared)
    n_trials = told.trial_for_clip if kind == "clip" else told.trial_for_ablation
    try:
        if kind == "front":
            trials.front_frames(n_frames, told.front_len)
            return Plan(**shared, length=told.front_len)
        if kind == "clip":
            drawn = trials.clip_starts(n_frames, told.clip_len, n_trials, told.draws)
            return Plan(**shared, length=told.clip_len, drawn=drawn)
        draw = trials.shuffled_orders if kind == "shuffle" else trials.replaced_frames
        drawn = draw(n_frames, told.window, n_trials, told.draws)
    except ValueError as error:
        raise InputError(f"{OPTION[kind]}: {error}") from None
    return Plan(**shared, window=told.window, replacement=told.replace_type or "", drawn=drawn)


def _kind(told: Namespace, scenes: bool) -> Kind:
    """Find the one experiment that the options ask for."""
    given = {"shuffle": told.shuffle, "replace": told.replace}
    given |= {"clip": told.clip_len is not None, "front": told.front_len is not None}
    asked = [kind for kind in OPTION if given[kind]]
    named = " and ".join(OPTION[kind] for kind in asked)
    if len(asked) > 1:
        raise InputError(f"{named}: a run takes at most one of {', '.join(OPTION.values())}")
    if asked and scenes:
        raise InputError(f"{named}: {told.neural_dataset} are unrelated images, which have no order")
    windowed = asked in (["shuffle"], ["replace"])
    if windowed != (told.window is not None):
        lacks = f"{named} needs --window" if windowed else f"--window {told.window} is without --shuffle or --replace"
        raise InputError(f"{lacks}; expected the frames of a window with one of these two")
    if (asked == ["replace"]) != (told.replace_type is not None):
        problem = "is without --replace" if told.replace_type else "is missing"
        raise InputError(f"--replace-type {problem}; expected it, the noise movie, with --replace alone")
    return asked[0] if asked else ("scenes" if scenes else "original")
