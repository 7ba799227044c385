"""Natural scenes: unrelated still images. None is left out, since none has a past."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lorafb.experiments.cortex_side import Area
from lorafb.experiments.scoring import Side, score_layers
from lorafb.experiments.table import Labels, tidy
from lorafb.similarity.metrics import Comparison


def score_scenes(layers: Mapping[str, Side], areas: Sequence[Area], labels: Labels, metric: Comparison) -> pd.DataFrame:
    """Score every layer against every area on all images (Huang et al. 2024, Figure 4C, Table 6).

    Parameters
    ----------
    layers, areas, labels, metric
        As for `lorafb.experiments.original.score_original`; a frame is an image.

    Returns
    -------
    pandas.DataFrame
        Tidy scores, the best layer of each area marked.
    """
    images = np.arange(areas[0].n_frames)
    return tidy(score_layers(layers, areas, images, metric), labels, "scenes", metric.name)
