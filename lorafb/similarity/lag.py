"""Scores and nulls that allow for smooth movies: neighbouring frames are similar in any slow system, for any stimulus.

Two independent slow populations reach a TSRSA far above zero, and a permutation of frames calls that significant. So the
mean rank of each lag is subtracted, and the rest is compared with itself shifted in time.
"""

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Numbers = NDArray[np.integer[Any]] | FloatArray


def residual_ranks(ranked: Numbers, frames: IntArray | None = None) -> FloatArray:
    """Ranks of all pairs of frames minus the mean rank of their lag.

    Parameters
    ----------
    ranked : shape (T (T - 1) / 2,)
        Ranks, or twice the ranks, of the pairs t < u, chronological.
    frames : int64, shape (T,), optional
        Times of the frames, where they are not consecutive.

    Returns
    -------
    float64, shape (T, T)
        Symmetric, the diagonal 0: ranks less the mean rank of their lag |t - u|. NaN elsewhere where ranks are NaN.
    """
    n = (1 + isqrt(1 + 8 * len(ranked))) // 2  # T, from the number of pairs T (T - 1) / 2
    matrix, end = np.zeros((n, n)), 0
    for t in range(n):  # index arrays would take twice the matrix
        start, end = end, end + n - 1 - t
        matrix[t, t + 1 :] = matrix[t + 1 :, t] = ranked[start:end]
    return _without_lag_means(matrix, frames)


def without_frame_means(residuals: FloatArray, frames: IntArray | None = None) -> FloatArray:
    """Subtract from residual ranks the effect of each frame, then again the mean of each lag.

    Parameters
    ----------
    residuals : float64, shape (T, T)
        From `residual_ranks`, of at least 3 frames.
    frames : int64, shape (T,), optional
        As for `residual_ranks`.

    Notes
    -----
    Effects f are the least squares fit of A[t, u] = f[t] + f[u] off the diagonal: row t sums to (T - 2) f[t] + sum f.
    """
    n, rows = len(residuals), residuals.sum(axis=1)
    effects = (rows - rows.sum() / (2 * (n - 1))) / (n - 2)
    rest: FloatArray = residuals - np.add.outer(effects, effects)
    np.fill_diagonal(rest, 0)
    return _without_lag_means(rest, frames)


def detrended(centred: FloatArray, frames: IntArray | None = None) -> FloatArray:
    """Subtract the linear trend in time of every unit, from the products of frames alone.

    Parameters
    ----------
    centred : float64, shape (T, T)
        Sum over units of the product of the responses to two frames, each frame centred over its units.
    frames : int64, shape (T,), optional
        As for `residual_ranks`.

    Returns
    -------
    float64, shape (T, T)
        (I - z z^T) C (I - z z^T), z the frames' times, centred and of unit length: the products of X - z z^T X.

    Notes
    -----
    For a check of drift, not as a test alone: subtracting a line from slow responses leaves the same pattern in absolute
    time on both sides, so that p is too small (at 5 % in 36 % of independent AR(1) pairs of coefficient 0.95, T = 200).
    """
    time = np.arange(len(centred)) - (len(centred) - 1) / 2 if frames is None else frames - frames.mean()
    time /= np.linalg.norm(time)
    along = centred @ time
    crossed = np.outer(time, along)
    return np.asarray(centred - crossed - crossed.T + (time @ along) * np.outer(time, time))


@dataclass(frozen=True)
class Spectrum:
    """Residual ranks of T frames, scaled to unit length, along their wrapped diagonals.

    Attributes
    ----------
    rows : complex128, shape (T // 2, T // 2 + 1)
        Of each lag d = 1 .. T // 2 the transform along t of D[d, t] = A[t, (t + d) % T] / |A|, times sqrt 2 but for
        d = T / 2. NaN where A is not defined or zero.
    n_frames : int
    """

    rows: NDArray[np.complex128]
    n_frames: int


def spectrum(residuals: FloatArray) -> Spectrum:
    """Spectrum of residual ranks [T, T]."""
    n = len(residuals)
    lags = np.arange(1, n // 2 + 1)[:, None]
    # lag T - d holds the same pairs as lag d: products of rows must count twice, so each side gets a factor sqrt 2; lag T / 2
    # is its own partner
    wrapped = residuals[np.arange(n), (np.arange(n) + lags) % n] * np.sqrt(np.where(2 * lags == n, 1, 2))
    length = np.linalg.norm(wrapped)
    return Spectrum(np.fft.rfft(wrapped / length if length > 0 else wrapped * np.nan, axis=1), n)


def shift_scores(model: Spectrum, area: Spectrum) -> FloatArray:
    """Agreement of residual ranks at every circular shift of the model in time.

    Returns
    -------
    float64, shape (T,)
        c(k) = sum over t, u of A[(t + k) % T, (u + k) % T] B[t, u] / (|A| |B|); c(0) is the lag-controlled score.
    """
    crossed = np.einsum("dk,dk->k", model.rows, area.rows.conj())
    return np.asarray(np.fft.irfft(crossed, model.n_frames))


def _without_lag_means(matrix: FloatArray, frames: IntArray | None) -> FloatArray:
    frames = np.arange(len(matrix)) if frames is None else frames
    lags = np.abs(np.subtract.outer(frames, frames))
    means = np.bincount(lags.ravel(), matrix.ravel()) / np.maximum(np.bincount(lags.ravel()), 1)
    subtracted = means[lags]
    return np.asarray(np.subtract(matrix, subtracted, out=subtracted))


@dataclass(frozen=True)
class Shifted:
    """A lag-controlled score and its one-sided p against circular shifts."""

    score: float
    p: float


def against_shifts(shifts: FloatArray) -> Shifted:
    """Compare the score without a shift to those with one.

    Parameters
    ----------
    shifts : float64, shape (T,)
        From `shift_scores`; for the best of several layers their maximum at each shift, for several areas their mean at each
        shift, so that p allows for the choice.

    Returns
    -------
    Shifted
        p = (1 + #{k != 0: c(k) >= c(0)}) / T. NaN where there is no score.

    Notes
    -----
    It assumes series that are stationary but for the alignment tested, and long beside their correlation time. Independent
    AR(1) populations agreed at p = 5 % in 4 to 7 % of cases up to a coefficient of 0.95 (T = 200 to 300), in 10 % at
    0.99, whose correlation time is a third of the movie. A shared onset or drift makes p far too small.
    """
    if np.isnan(shifts[0]):
        return Shifted(float("nan"), float("nan"))
    return Shifted(float(shifts[0]), float(1 + (shifts[1:] >= shifts[0]).sum()) / len(shifts))


def correlation_time(rsm: FloatArray) -> int:
    """Lag in frames at which the mean correlation has fallen by 1 - 1 / e from that of neighbours to that of distant frames.

    Parameters
    ----------
    rsm : float64, shape (T, T)
        Defined for every frame.

    Returns
    -------
    int
        1 to T // 2. The fall is measured from lag 1, since independent noise makes a step from lag 0 to 1; distant frames are
        a third of the movie or more apart.
    """
    n = len(rsm)
    by_lag = np.array([np.diagonal(rsm, lag).mean() for lag in range(n // 2 + 1)])
    fallen = by_lag - by_lag[n // 3 :].mean() < (by_lag[1] - by_lag[n // 3 :].mean()) / np.e
    return max(1, int(np.argmax(fallen)) if fallen.any() else n // 2)
