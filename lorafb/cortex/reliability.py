"""How well a unit's responses to still scenes repeat: the rule by which units count for scenes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lorafb.artefacts.recordings import sum_type
from lorafb.files import InputError

SPLITS = 100


def split_half_reliability(counts: NDArray[Any], seed: int = 0, splits: int = SPLITS) -> NDArray[np.float64]:
    """Reliability of each unit's mean response, from random halves of the repeats.

    Parameters
    ----------
    counts : integer or float (repeats, scenes, units), at least two repeats
    seed : of the halves
    splits : number of random halves; of an odd number of repeats each leaves one out

    Returns
    -------
    float64, shape (units,)
        At most 1: Pearson r over scenes between the sums of two halves, mean over splits, stepped up to all repeats by
        Spearman and Brown, 2 r / (1 + r). NaN for a unit that responds to all scenes alike in some half.

    Raises
    ------
    InputError
        If there are fewer than two repeats.

    Notes
    -----
    The paper keeps units whose reliability, given with the published arrays, is 0.8 or more; how that was computed is
    not published, and this is our definition.
    """
    half = len(counts) // 2
    if half < 1:
        raise InputError(f"split-half reliability needs at least 2 repeats, found {len(counts)}")
    total = np.zeros(counts.shape[2])
    for split in range(splits):
        order = np.random.default_rng([seed, split]).permutation(len(counts))
        halves = (
            counts[order[part]].sum(axis=0, dtype=sum_type(counts)) for part in (slice(half), slice(half, 2 * half))
        )
        one, other = (values - values.mean(axis=0) for values in halves)
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is the NaN that is promised
            total += (one * other).sum(axis=0) / np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    mean = total / splits
    with np.errstate(divide="ignore"):  # halves that are each other's opposite: minus infinity
        return np.asarray(2 * mean / (1 + mean))
