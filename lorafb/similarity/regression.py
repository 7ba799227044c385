"""How much of each unit's response a linear read-out of a layer explains: the published R2, and a cross-validated one.

The published R2 is computed on the frames of the fit: with 40 components it is above zero for any features (about 40 / T
by chance). It is here for comparison; the cross-validated one predicts frames that were not used for the fit.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

COMPONENTS = 40
PUBLISHED_SEED = 2023
PENALTIES = tuple(10.0**power for power in range(-1, 6))


def components(coordinates: FloatArray) -> FloatArray:
    """Reduce a layer to 40 principal components, as published: scikit-learn's PCA(40, random_state=2023).

    Parameters
    ----------
    coordinates : float64, shape (T, dims)
        From `coordinates_of_products`.

    Returns
    -------
    float64, shape (T, 40), or (T, dims) where there are at most 40 dimensions

    Raises
    ------
    ValueError
        If there are fewer than 40 frames.

    Notes
    -----
    Huang et al. 2024, Table 5. scikit-learn solves arrays of more than 500 units or frames by a randomised solver, which
    gets the last components wrong where they are nearly as large as the ones left out: R2 differs from that of the exact
    components by up to 0.028 in the golden runs (57 frames), and by 1e-5 to 2e-3 at 600 frames. Its random draws are one
    per frame for layers with more units than frames, so that it does the same here as with the units; layers with fewer
    get other draws.
    """
    if len(coordinates) < COMPONENTS:
        raise ValueError(
            f"regression takes {COMPONENTS} components and needs as many scored frames, not {len(coordinates)}"
        )
    if coordinates.shape[1] <= COMPONENTS or not np.isfinite(coordinates).all():
        return coordinates
    reduced: FloatArray = PCA(COMPONENTS, random_state=PUBLISHED_SEED).fit_transform(coordinates)
    return reduced


def varying_units(responses: NDArray[Any]) -> FloatArray:
    """Responses [T, units] without the units that respond alike to all frames, which no R2 is defined for.

    Warns
    -----
    UserWarning
        Names the units left out by their positions.
    """
    constant = np.flatnonzero(np.ptp(responses, axis=0) == 0)
    if len(constant):
        warnings.warn(f"regression leaves out {len(constant)} constant units: {constant.tolist()}", stacklevel=2)
    return np.delete(responses, constant, axis=1).astype(np.float64)


def r2(predictors: NDArray[Any], psth: FloatArray) -> float:
    """In-sample R2 of a ridge regression (alpha 1, with intercept), mean over units.

    Parameters
    ----------
    predictors : shape (T, components)
        From `components`.
    psth : float64, shape (T, units)
        From `varying_units`; R2 does not depend on each unit's scale.

    Returns
    -------
    float
        At most 1; NaN where there is no unit, or a predictor is not finite.
    """
    if not _defined(predictors, psth):
        return float("nan")
    fitted = Ridge(alpha=1).fit(predictors, psth).predict(predictors)
    return _mean_r2(psth, fitted)


@dataclass(frozen=True)
class Folds:
    """How frames are held out.

    Attributes
    ----------
    n_blocks : int
        Contiguous blocks of frames, each predicted from the others.
    gap : int
        Frames left out on both sides of a predicted block, since responses to neighbouring frames are nearly the same. At
        least 1 s (30 frames at 30 Hz).
    """

    n_blocks: int = 5
    gap: int = 30


def cross_validated_r2(features: NDArray[Any], psth: FloatArray, folds: Folds | None = None) -> float:
    """R2 of responses predicted in time blocks that the regression was not fitted to, mean over units.

    Parameters
    ----------
    features : shape (T, dimensions)
        Coordinates of a layer's responses to the scored frames, or the responses.
    psth : float64, shape (T, units)
        From `varying_units`.
    folds : Folds, optional
        Five blocks and a gap of 30 frames when not given.

    Returns
    -------
    float
        At most 1, about 0 or below where nothing is predicted; NaN where there is no unit, or a feature is not finite.

    Raises
    ------
    ValueError
        If a block leaves too few frames to fit.

    Notes
    -----
    Components, their scaling and the penalty (by blocks inside the fold) are chosen without the predicted block.
    Beyond the paper.
    """
    if not _defined(features, psth):
        return float("nan")
    folds = folds or Folds()
    frames = np.arange(len(psth))
    predicted = np.empty_like(psth)
    for held_out in np.array_split(frames, folds.n_blocks):
        seen = _away_from(frames, held_out, folds.gap)
        penalty = _best_penalty(features, psth, seen, folds)
        reduce = _reduction(len(seen), features.shape[1])
        readout = Ridge(alpha=penalty).fit(reduce.fit_transform(features[seen]), psth[seen])
        predicted[held_out] = readout.predict(reduce.transform(features[held_out]))
    return _mean_r2(psth, predicted)


def _best_penalty(features: NDArray[Any], psth: FloatArray, seen: IntArray, folds: Folds) -> float:
    """Penalty with the least squared error (each unit scaled to unit variance) over blocks of the frames seen."""
    scale = psth[seen].std(axis=0)
    scale[scale == 0] = 1
    errors = np.zeros(len(PENALTIES))
    for held_out in np.array_split(seen, folds.n_blocks):
        inner = _away_from(seen, held_out, folds.gap)
        reduce = _reduction(len(inner), features.shape[1])
        train, test = reduce.fit_transform(features[inner]), reduce.transform(features[held_out])
        for index, penalty in enumerate(PENALTIES):
            predicted = Ridge(alpha=penalty).fit(train, psth[inner]).predict(test)
            errors[index] += (((predicted - psth[held_out]) / scale) ** 2).sum()
    return PENALTIES[int(errors.argmin())]


def _reduction(n_frames: int, n_units: int) -> Pipeline:
    return make_pipeline(PCA(min(COMPONENTS, n_frames - 1, n_units), svd_solver="full"), StandardScaler())


def _away_from(frames: IntArray, block: IntArray, gap: int) -> IntArray:
    """Those of `frames` more than `gap` frames before or after a block."""
    away: IntArray = frames[(frames < block[0] - gap) | (frames > block[-1] + gap)]
    if len(away) < 3:
        raise ValueError(
            f"cross-validated regression: frames {block[0]} to {block[-1]} and a gap of {gap} leave {len(away)} frames "
            f"to fit: fewer blocks, a smaller gap or a longer movie is needed"
        )
    return away


def _mean_r2(measured: FloatArray, predicted: NDArray[Any]) -> float:
    residual = ((measured - predicted) ** 2).sum(axis=0)
    total = ((measured - measured.mean(axis=0)) ** 2).sum(axis=0)
    return float((1 - residual / total).mean())


def _defined(features: NDArray[Any], psth: FloatArray) -> bool:
    """Whether there are units and only finite features; ValueError where the numbers of frames differ."""
    if len(features) != len(psth):
        raise ValueError(f"{len(features)} frames of features, {len(psth)} of responses: they must match")
    return bool(psth.shape[1]) and bool(np.isfinite(features).all())
