"""From a checked study to its scores: which movies a network is shown for an experiment, and which of its layers are scored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from lorafb import trials
from lorafb.commands.plan import Plan
from lorafb.commands.viewer import Viewer
from lorafb.experiments.best import best_layers
from lorafb.experiments.clip import score_clips, score_front
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.original import score_original
from lorafb.experiments.replace import score_replace, score_replace_still
from lorafb.experiments.scenes import score_scenes
from lorafb.experiments.scoring import Layer, Side, sub_block
from lorafb.experiments.shuffle import score_shuffle, score_shuffle_still
from lorafb.experiments.table import joined
from lorafb.features.prepare import Joined, PreparedFrames
from lorafb.files import InputError
from lorafb.similarity.metrics import Comparison
from lorafb.trials import IntArray

Best = Mapping[str, Layer] | None


@dataclass
class Study:
    """All that a run needs, checked.

    Attributes
    ----------
    plan : Plan
    areas : list of Area
    movie : PreparedFrames
        The stimulus, T frames.
    noise : PreparedFrames or None
        The noise movie of a replacement, T frames.
    viewer : Viewer
    metric : Comparison
    """

    plan: Plan
    areas: list[Area]
    movie: PreparedFrames
    noise: PreparedFrames | None
    viewer: Viewer
    metric: Comparison
    _seen: Mapping[str, Side] | None = field(default=None, init=False)

    def whole_movie(self, best: Best = None) -> Mapping[str, Side]:
        """Show the movie, once; what all layers, or at least the best, respond to it."""
        if self._seen is None:
            self._seen = self.viewer.movie(self.movie, self.movie.n_frames, wanted(best))
        return self._seen

    def both_movies(self) -> Joined:
        """Join the movie and its noise movie, frames T to 2 T - 1."""
        assert self.noise is not None, "a replacement is planned with its noise movie"
        return Joined((self.movie, self.noise))


def score(study: Study, known: pd.DataFrame | None = None) -> pd.DataFrame:
    """Score what the plan asks for.

    Parameters
    ----------
    study : Study
    known : DataFrame, optional
        Scores on the original movie, where they are at hand.

    Returns
    -------
    DataFrame
        Tidy scores; those of the original movie stand first where best layers were asked for.

    Raises
    ------
    InputError
        If best layers are asked for and an area has none, since no layer has a score.
    """
    planned = study.plan
    if planned.kind == planned.first:
        return original(study)
    experiment = EXPERIMENTS[planned.kind]
    if not planned.best_layer:
        return experiment(study, None)
    known = original(study) if known is None else known
    try:
        best = best_layers(known)
    except ValueError as error:
        raise InputError(f"{planned.labels.network} on {planned.labels.movie}: {error}") from None
    return joined([known, experiment(study, best)])


def original(study: Study) -> pd.DataFrame:
    """Score all layers on the movie, or on the scenes."""
    scored = score_scenes if study.plan.kind == "scenes" else score_original
    return scored(study.whole_movie(), study.areas, study.plan.labels, study.metric)


def clips(study: Study, best: Best) -> pd.DataFrame:
    """Score clips: parts of the one whole movie."""
    starts, length = _drawn(study), _number(study.plan.length)
    scores = score_clips(study.whole_movie(), study.areas, study.plan.labels, study.metric, starts, length)
    return _only(scores, best)


def front(study: Study, best: Best) -> pd.DataFrame:
    """Show the front alone: a network that sees clips of frames may see its end otherwise than in the whole movie."""
    length = _number(study.plan.length)
    frames = np.arange(length)
    areas = [
        replace(area, summed=area.summed[:length], products=sub_block(area.products, frames)) for area in study.areas
    ]
    shown = study.viewer.movie(study.movie, length)
    return _only(score_front(shown, areas, study.plan.labels, study.metric, length), best)


def shuffle(study: Study, best: Best) -> pd.DataFrame:
    """Show shuffled orders; a network that sees each frame alone has seen all of them with the movie."""
    orders, window, feed = _drawn(study), _number(study.plan.window), study.viewer.feed
    common = study.areas, study.plan.labels, study.metric, orders, window, best
    if feed.kind == "still":
        return score_shuffle_still(study.whole_movie(best), *common)
    return score_shuffle(study.viewer.trials(study.movie, orders, wanted(best)), *common, feed.kind)


def replacement(study: Study, best: Best) -> pd.DataFrame:
    """Show the movie with frames replaced; a network that sees each frame alone needs both movies once."""
    replaced, window, kind = _drawn(study), _number(study.plan.window), study.plan.replacement
    both, n_frames = study.both_movies(), study.movie.n_frames
    about = study.areas, study.plan.labels, study.metric
    if study.viewer.feed.kind == "still":
        shown = study.viewer.movie(both, both.n_frames, wanted(best))
        return score_replace_still(shown, *about, replaced, window, kind, best)
    positions = trials.replaced_orders(n_frames, replaced)
    return score_replace(study.viewer.trials(both, positions, wanted(best)), *about, window, kind, best)


EXPERIMENTS: dict[str, Callable[[Study, Best], pd.DataFrame]] = {
    "clip": clips,
    "front": front,
    "shuffle": shuffle,
    "replace": replacement,
}


def wanted(best: Best) -> list[str] | None:
    """Names of the best layers, in the network's order; None, for all layers, where none are given."""
    return None if best is None else [layer.name for layer in sorted(set(best.values()), key=lambda layer: layer.index)]


def _only(scores: pd.DataFrame, best: Best) -> pd.DataFrame:
    """Keep each area's best layer on the original movie, where it is asked for."""
    if best is None:
        return scores
    pairs = zip(scores["area"], scores["layer"], strict=True)
    kept = scores[[best[area].name == layer for area, layer in pairs]]
    return kept.assign(best=True).reset_index(drop=True)


def _drawn(study: Study) -> IntArray:
    assert study.plan.drawn is not None, f"{study.plan.kind} is planned with its trials"
    return study.plan.drawn


def _number(told: int | None) -> int:
    assert told is not None, "an experiment is planned with its window or length"
    return told
