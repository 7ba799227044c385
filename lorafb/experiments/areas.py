"""The cortical side of a score: which units of a recording are selected, and their Gram matrix and ranks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Recording
from lorafb.artefacts.responses import Responses
from lorafb.experiments.rsm import correlations, gram_of
from lorafb.files import InputError
from lorafb.similarity.pearson import upper_triangle
from lorafb.similarity.ranks import Ties, doubled_ranks

Mask = NDArray[np.bool_]


def rates(recording: Recording, duration_s: float | None = None) -> NDArray[np.float64]:
    """Mean rate of each unit over the movie [units], spikes/s; all frames count, the first one too; NaN of real values.

    Parameters
    ----------
    recording : Recording
    duration_s : float, optional
        Seconds of one repeat in which spikes were counted; T / rate when not given, or T bins where they are no frames. The
        published filter uses 30 s and 120 s for its two movies, whatever the number of frames.
    """
    if recording.real:
        return np.full(recording.summed.shape[1], np.nan)
    frames, bin_s = len(recording.summed), recording.bin_s
    counted_s = frames / recording.rate_hz if bin_s is None else frames * bin_s
    seconds = counted_s if duration_s is None else duration_s
    return np.asarray(recording.summed.sum(axis=0, dtype=np.int64) / seconds / recording.n_repeats)


def unit_mask(recording: Recording, selection: Mapping[str, Any]) -> Mask:
    """Units [units] that a selection keeps; bounds are included.

    Parameters
    ----------
    recording : Recording
    selection : mapping
        Of scenes `min_reliability`, a bound of the split-half reliability over images. Of a movie `min_rate`, a bound of
        the mean rate in spikes/s, and optionally `duration_s` (see `rates`); without `min_rate` all units are kept, as they
        are of real values.

    Raises
    ------
    InputError
        If reliability is asked for and the recording has no such column.

    Notes
    -----
    Huang et al. 2024, Table 3.
    """
    if "min_reliability" not in selection:
        if "min_rate" not in selection:
            return np.ones(recording.summed.shape[1], bool)
        if recording.real:
            where = f"{recording.area}, {recording.movie}"
            raise InputError(f"{where}: min_rate is a rate of spikes, and these are real values; leave it out")
        return np.asarray(rates(recording, selection.get("duration_s")) >= selection["min_rate"])
    if "reliability" not in recording.units:
        raise InputError(
            f"{recording.area}, {recording.movie}: no column 'reliability' of its units; "
            f"it has {', '.join(recording.units) or 'none'}"
        )
    mask: Mask = np.asarray(recording.units["reliability"]) >= selection["min_reliability"]
    return mask


def select_units(recording: Recording, selection: Mapping[str, Any], ties: Ties = "average") -> Responses:
    """Keep the units of a recording that a score uses.

    Parameters
    ----------
    recording : Recording
    selection : mapping
        As for `unit_mask`, with `skip_frames`: frames at the start that no score uses.
    ties : "average" or "ordinal"
        How equal correlations are ranked.

    Raises
    ------
    InputError
        If no unit is selected.
    """
    selected = unit_mask(recording, selection)
    if not selected.any():
        raise InputError(
            f"{recording.area}, {recording.movie}: none of {len(selected)} units is selected; "
            "lower min_rate or min_reliability, or leave the area out"
        )
    summed = recording.summed[:, selected]
    gram = gram_of(summed)
    skip_frames = int(selection["skip_frames"])
    rsm = correlations(gram, np.arange(skip_frames, len(summed)))
    return Responses(
        area=recording.area.lower(),
        movie=recording.movie,
        rate_hz=recording.rate_hz,
        n_repeats=recording.n_repeats,
        skip_frames=skip_frames,
        ties=ties,
        summed=summed,
        repeats=None if recording.counts is None else recording.counts[:, :, selected],
        gram=gram,
        ranks=doubled_ranks(upper_triangle(rsm), ties),
        units={name: column[selected] for name, column in recording.units.items()},
        bin_s=recording.bin_s,
    )


def check_frames(areas: Sequence[Responses], n_frames: int) -> None:
    """Raise InputError where a recording has not exactly the `n_frames` frames of the movie."""
    for area in areas:
        if area.n_frames != n_frames:
            raise InputError(
                f"{area.area}, {area.movie}: the recording has {area.n_frames} frames, the movie {n_frames}; "
                "they must be of the same frames"
            )


def units_table(recordings: Sequence[Recording], selection: Mapping[str, Any]) -> pd.DataFrame:
    """Count the units of each area, as the paper's Table 3 does.

    Parameters
    ----------
    recordings, selection
        As for `unit_mask`.

    Returns
    -------
    pandas.DataFrame
        movie, area (lower case), `units` recorded, `kept`, `sessions`, `repeats`, mean and median rate of the kept
        units over the movie, spikes/s (empty of real values).
    """
    rows = []
    for recording in recordings:
        kept, rate = unit_mask(recording, selection), rates(recording)
        rows.append(
            {
                "movie": recording.movie,
                "area": recording.area.lower(),
                "units": len(kept),
                "kept": int(kept.sum()),
                "sessions": len(np.unique(recording.units["session"])),
                "repeats": recording.n_repeats,
                "mean_rate": float(rate[kept].mean()) if kept.any() else np.nan,
                "median_rate": float(np.median(rate[kept])) if kept.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)
