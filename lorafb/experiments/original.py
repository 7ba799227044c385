"""The whole movie: every layer against every area, the first frame left out on both sides."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lorafb import trials
from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import Side, score_layers
from lorafb.experiments.table import Labels, tidy
from lorafb.similarity.metrics import Comparison


def score_original(
    layers: Mapping[str, Side], areas: Sequence[Area], labels: Labels, metric: Comparison, skip_frames: int = 1
) -> pd.DataFrame:
    """Score every layer against every area on the original movie.

    Parameters
    ----------
    layers : mapping of Products, or of arrays (T, units)
        The network's scored layers, in their own order.
    areas : sequence of Area
        Recordings of the same T frames.
    labels : Labels
    metric : Comparison
        From `lorafb.similarity.metrics.load`.
    skip_frames : int
        Frames at the start that no score sees. They were shown: they drive a network's state.

    Returns
    -------
    pandas.DataFrame
        Tidy scores (`lorafb.experiments.table.COLUMNS`), the best layer of each area marked.

    Notes
    -----
    Huang et al. 2024, Figure 3A, 3B, Tables 1, 2, 4 and 5.
    """
    frames = trials.movie_frames(areas[0].n_frames, skip_frames)
    return tidy(score_layers(layers, areas, frames, metric), labels, "original", metric.name)
