"""Scores and nulls that know movies to be smooth: near frames are alike in any slow system, whatever it is shown.

Two independent slow populations reach a TSRSA far above zero, and a permutation of frames calls that significant. So the
mean rank of each lag is taken out, and what is left is compared with itself shifted in time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lorafb.similarity.pearson import upper_triangle
from lorafb.similarity.ranks import Ties, ranks

FloatArray = NDArray[np.float64]
Spectrum = NDArray[np.complex128]


def residual_ranks(similarity: FloatArray, ties: Ties = "average") -> FloatArray:
    """Ranks of all pairs of frames without what their distance in time explains.

    Parameters
    ----------
    similarity : float64, shape (T, T)
        Correlations of frames.
    ties : "average" or "ordinal"

    Returns
    -------
    float64, shape (T, T)
        Symmetric, the diagonal 0: ranks less the mean rank of their lag |t - u|; NaN beside the diagonal where a frame has
        no correlation.
    """
    n = len(similarity)
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, 1)] = ranks(upper_triangle(similarity), ties)
    for lag in range(1, n):
        diagonal = np.einsum("ii->i", matrix[:-lag, lag:])  # a view that can be written
        diagonal -= diagonal.mean()
    return matrix + matrix.T


def spectrum(residuals: FloatArray) -> Spectrum:
    """Spectrum [T, T // 2 + 1] along time of each wrapped diagonal of residual ranks, scaled to unit length.

    Notes
    -----
    D[d, t] = A[t, (t + d) % T] / |A|, transformed along t. NaN where A is not defined or zero.
    """
    n = len(residuals)
    wrapped = residuals[np.arange(n), (np.arange(n) + np.arange(n)[:, None]) % n]
    length = np.linalg.norm(residuals)
    return np.fft.rfft(wrapped / length if length > 0 else wrapped * np.nan, axis=1)


def shift_scores(model: Spectrum, area: Spectrum, n_frames: int) -> FloatArray:
    """Agreement of residual ranks at every circular shift of the model in time.

    Returns
    -------
    float64, shape (T,)
        c(k) = sum over t, u of A[(t + k) % T, (u + k) % T] B[t, u] / (|A| |B|); c(0) is the lag-controlled score.
    """
    return np.asarray(np.fft.irfft((model * area.conj()).sum(axis=0), n_frames))


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
        From `shift_scores`; of a choice of layers their maximum at each shift, of several areas their mean at each shift,
        so that choosing costs nothing.

    Returns
    -------
    Shifted
        p = (1 + #{k != 0: c(k) >= c(0)}) / T. It assumes that the series are stationary but for the alignment tested: a
        shared onset or drift makes it too small. NaN where there is no score.
    """
    if np.isnan(shifts[0]):
        return Shifted(float("nan"), float("nan"))
    return Shifted(float(shifts[0]), float(1 + (shifts[1:] >= shifts[0]).sum()) / len(shifts))


def correlation_time(similarity: FloatArray) -> int:
    """Lag in frames at which the mean correlation of frames has fallen by 1 - 1 / e on its way to that of far frames.

    Parameters
    ----------
    similarity : float64, shape (T, T)

    Returns
    -------
    int
        1 to T // 2; far frames are those a third of the movie or more apart.
    """
    n = len(similarity)
    by_lag = np.array([np.diagonal(similarity, lag).mean() for lag in range(n // 2 + 1)])
    far = np.mean([np.diagonal(similarity, lag).mean() for lag in range(n // 3, n // 2 + 1)])
    left = (by_lag - far) / (by_lag[0] - far)
    return max(1, int(np.argmax(left < 1 / np.e)) if (left < 1 / np.e).any() else n // 2)
