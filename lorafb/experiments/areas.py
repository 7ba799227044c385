"""How alike the areas are among themselves: each plays the model's part for the others."""

from collections.abc import Sequence

import pandas as pd

from lorafb import trials
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import score_layers
from lorafb.experiments.table import Labels, Score, joined, tidy
from lorafb.similarity.metrics import Comparison


def score_areas(
    areas: Sequence[Area], movie: str, metric: Comparison, ceilings: pd.DataFrame | None = None, skip_frames: int = 1
) -> pd.DataFrame:
    """Score every area against every other one.

    Parameters
    ----------
    areas : sequence of Area
        Recordings of the same frames.
    movie : str
        Name of the movie.
    metric : Comparison
        From `lorafb.similarity.metrics.load`.
    ceilings : pandas.DataFrame, optional
        From `lorafb.experiments.ceiling`; each area's mean over splits of its units stands where it meets itself.
    skip_frames : int
        Frames at the start that no score sees.

    Returns
    -------
    pandas.DataFrame
        Tidy scores; `layer` is the other area.
    """
    frames = trials.movie_frames(areas[0].n_frames, skip_frames)
    others = {area.name: area.products if metric.sees == "similarity" else area.summed for area in areas}
    pairs = [score for score in score_layers(others, areas, frames, metric) if score.area != score.layer]
    scores = [score._replace(best=False) for score in pairs]
    if ceilings is not None:
        means = (
            ceilings[ceilings["layer"] == "units"]
            .groupby("area")["value"]
            .agg(lambda values: values.mean(skipna=False))
        )
        scores += [Score(area.name, area.name, index, float(means[area.name])) for index, area in enumerate(areas)]
    return joined([tidy(scores, Labels("", "", movie), "areas", metric.name)])
