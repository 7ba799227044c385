"""How much of each unit's response a linear read-out of a layer explains: the published R2, and a cross-validated one.

The published R2 is of the fit on the frames that it was fitted to: with 40 components it is above zero for any features
(about 40 / T by chance). It is kept for comparison; the cross-validated one predicts frames that it has not seen.
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


def components(features: NDArray[Any]) -> NDArray[np.float32]:
    """Reduce a layer to its principal components, the published way.

    Parameters
    ----------
    features : shape (T, units)
        Responses of a layer to the scored frames.

    Returns
    -------
    float32, shape (T, 40) or (T, units)
        The first 40 components where there are more than 40 units, else the features (so too where not all are finite).

    Raises
    ------
    ValueError
        If there are more than 40 units and fewer than 40 frames: then there are no 40 components.

    Notes
    -----
    Huang et al. 2024, Table 5. scikit-learn's PCA(40, random_state=2023) with its own choice of solver, in float32.
    """
    single = np.asarray(features, np.float32)
    n_frames, n_units = single.shape
    if n_units <= COMPONENTS or not np.isfinite(single).all():
        return single
    if n_frames < COMPONENTS:
        raise ValueError(f"regression takes {COMPONENTS} components and needs as many scored frames, not {n_frames}")
    reduced: NDArray[np.float32] = PCA(COMPONENTS, random_state=PUBLISHED_SEED).fit_transform(single)
    return reduced


def coordinates(features: NDArray[Any]) -> FloatArray:
    """Features of T frames in at most T dimensions, distances and angles between frames unchanged.

    Parameters
    ----------
    features : shape (T, units)

    Returns
    -------
    float64, shape (T, min(T, units))
        A rotation of the features into the space that the frames span: principal components of any choice of frames
        are those of the features, and each fold costs T x T instead of T x units. Nothing is fitted here.
    """
    wide = np.asarray(features, np.float64)
    if wide.shape[1] <= len(wide) or not np.isfinite(wide).all():
        return wide
    wide = wide - wide.mean(axis=0)  # a shift that no component sees, for the last digits of the products
    powers, axes = np.linalg.eigh(wide @ wide.T)
    rotated: FloatArray = axes * np.sqrt(np.maximum(powers, 0))
    return rotated


def components_of_products(products: FloatArray) -> FloatArray:
    """Principal components of a layer of which only the products of frames are at hand.

    Parameters
    ----------
    products : float64, shape (T, T)
        Sum over units of the product of the responses to two frames, neither centred nor scaled.

    Returns
    -------
    float64, shape (T, 40) or fewer where the layer has fewer dimensions

    Raises
    ------
    ValueError
        If there are fewer than 40 frames.

    Notes
    -----
    The exact components: eigenvectors of H G H, H = I - 1 / T, times the roots of their eigenvalues. The published ones come
    from a randomised solver in float32, which finds the last of 40 only nearly: of 600 frames and 3000 units R2 differed
    by 1e-5 where components fall off as 1 / k^2, by up to 2e-3 where as 1 / sqrt k. Table 5 tells networks apart by 1e-3.
    """
    if len(products) < COMPONENTS:
        raise ValueError(
            f"regression takes {COMPONENTS} components and needs as many scored frames, not {len(products)}"
        )
    return coordinates_of_products(products)[:, :COMPONENTS]


def coordinates_of_products(products: FloatArray) -> FloatArray:
    """As `coordinates`, from the products [T, T] of frames: the frames' places along all principal axes, largest first.

    A layer that responds alike to all frames has no axis: its places are one column of zeros, which explains nothing.
    """
    if not np.isfinite(products).all():
        return np.full_like(products, np.nan)
    centred = products - products.mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    powers, axes = np.linalg.eigh((centred + centred.T) / 2)
    dimensions = np.flatnonzero(powers > powers[-1] * len(powers) * np.finfo(float).eps)[::-1]
    rotated: FloatArray = axes[:, dimensions] * np.sqrt(powers[dimensions])
    return rotated if len(dimensions) else np.zeros((len(products), 1))


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
    if not psth.shape[1] or not np.isfinite(predictors).all():
        return float("nan")
    _same_frames(predictors, psth)
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
        Frames left out on both sides of a predicted block: responses of neighbouring frames are nearly the same, and
        would tell the answer. At least 1 s (30 frames at 30 Hz).
    """

    n_blocks: int = 5
    gap: int = 30


def cross_validated_r2(features: NDArray[Any], psth: FloatArray, folds: Folds | None = None) -> float:
    """R2 of responses predicted in time blocks that the regression has not seen, mean over units.

    Parameters
    ----------
    features : shape (T, dimensions)
        Responses of a layer to the scored frames, or their `coordinates`.
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
    if not psth.shape[1] or not np.isfinite(features).all():
        return float("nan")
    _same_frames(features, psth)
    folds = folds or Folds()
    frames = np.arange(len(psth))
    predicted = np.empty_like(psth)
    for held_out in np.array_split(frames, folds.n_blocks):
        seen = _away_from(frames, held_out, folds.gap)
        penalty = _best_penalty(features, psth, seen, folds)
        readout = _readout(len(seen), features.shape[1], penalty).fit(features[seen], psth[seen])
        predicted[held_out] = readout.predict(features[held_out])
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


def _readout(n_frames: int, n_units: int, penalty: float) -> Pipeline:
    return make_pipeline(_reduction(n_frames, n_units), Ridge(alpha=penalty))


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


def _same_frames(features: NDArray[Any], psth: FloatArray) -> None:
    if len(features) != len(psth):
        raise ValueError(f"{len(features)} frames of features, {len(psth)} of responses: they must match")
