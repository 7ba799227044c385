"""Similarity of the areas among themselves: each is used in place of a model for the others."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lorafb.artefacts.grams import Gram, Pass, condense
from lorafb.artefacts.responses import Responses
from lorafb.experiments.score import makes_sense, score_layers, without_frames
from lorafb.experiments.table import Labels, Score, joined, tidy
from lorafb.similarity.metrics import Comparison
from lorafb.similarity.tsrsa import frame_ranks
from lorafb.trials import original


def score_areas(
    areas: Sequence[Responses], metrics: Sequence[Comparison], ceilings: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Score every area against every other one.

    Parameters
    ----------
    areas : sequence of Responses
        Recordings of the same frames.
    metrics : sequence of Comparison
        From `lorafb.similarity.metrics.load`.
    ceilings : pandas.DataFrame, optional
        From `lorafb.experiments.ceiling`; of TSRSA each area's mean over splits of its units is on the diagonal.

    Returns
    -------
    pandas.DataFrame
        Of frames that neither area leaves out. Tidy scores; `layer` is the other area.
    """
    movie = original(areas[0].n_frames, areas[0].skip_frames)
    grams = {area.area: area.gram for area in areas}
    tables = []
    for metric in (one for one in metrics if makes_sense(one, movie)):
        ranked = {area.area: _ranked_gram(area) for area in areas} if metric.ranked else {}
        scores = []
        for left_out in {area.left_out.tobytes(): area.left_out for area in areas}.values():
            alike = [area.area for area in areas if np.array_equal(area.left_out, left_out)]  # usually all
            made = Pass(movie.order, *({name: one[name] for name in alike if name in one} for one in (grams, ranked)))
            pairs = score_layers(without_frames(movie, left_out), made, areas, metric)
            scores += [
                score._replace(best=False, layer_index=list(grams).index(score.layer))
                for score in pairs
                if score.area != score.layer
            ]
        scores.sort(key=lambda score: score.layer_index or 0)
        if ceilings is not None and metric.name == "tsrsa":
            halves = ceilings[ceilings["layer"] == "units"].groupby("area")["value"]
            means = halves.agg(lambda values: values.mean(skipna=False))
            scores += [Score(area.area, area.area, k, float(means[area.area])) for k, area in enumerate(areas)]
        tables.append(tidy(scores, Labels("", "", areas[0].movie), "areas", metric.name))
    return joined(tables)


def _ranked_gram(area: Responses) -> Gram:
    ranks = frame_ranks(area.summed)
    return Gram(condense(ranks @ ranks.T), np.zeros(area.n_frames), area.n_units)
