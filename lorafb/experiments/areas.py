"""The cortical side of a score: which units of a recording are selected, and their Gram matrix and ranks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts.recordings import Note, Recording, many
from lorafb.artefacts.responses import Responses
from lorafb.draws import SHORTEST
from lorafb.experiments.rsm import correlations, gram_of
from lorafb.files import InputError
from lorafb.similarity.pearson import upper_triangle
from lorafb.similarity.ranks import Ties, doubled_ranks

Mask = NDArray[np.bool_]

JOINT = " | "
"""Between the notes of a row of the table of units."""
FEWEST_UNITS = 2
"""Units of an area, since frames are correlated over them."""


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
        As for `unit_mask`, with `skip_frames`: frames at the start that no score uses, and `undefined_frames`: `leave_out`
        leaves out those to which all selected units respond alike; otherwise the area has no score because of them.
    ties : "average" or "ordinal"
        How equal correlations are ranked.

    Raises
    ------
    InputError
        If fewer than two units are selected, or fewer than three frames are left.
    """
    selected = _enough(recording, unit_mask(recording, selection))
    summed = recording.summed[:, selected]
    gram = gram_of(summed)
    skip_frames = int(selection["skip_frames"])
    left_out = (
        undefined(summed, skip_frames) if selection.get("undefined_frames") == "leave_out" else np.zeros(0, np.int64)
    )
    scored = np.setdiff1d(np.arange(skip_frames, len(summed)), left_out)
    if len(scored) < SHORTEST:
        raise InputError(
            f"{recording.area}, {recording.movie}: all units respond alike to {many(len(left_out), 'frame')}, and without them "
            f"{many(len(scored), 'frame')} are left to score, expected {SHORTEST} at least; leave the area out"
        )
    rsm = correlations(gram, scored)
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
        left_out=left_out,
        units={name: column[selected] for name, column in recording.units.items()},
        bin_s=recording.bin_s,
    )


def _enough(recording: Recording, selected: Mask) -> Mask:
    """Refuse fewer than two selected units [units]; return them."""
    if selected.sum() < FEWEST_UNITS:
        kept = f"{'none' if not selected.any() else 'only 1'} of {many(len(selected), 'unit')} is selected"
        raise InputError(
            f"{recording.area}, {recording.movie}: {kept}, and frames are correlated over two units at least; "
            "lower min_rate or min_reliability, or leave the area out"
        )
    return selected


def undefined(summed: NDArray[Any], skip_frames: int) -> NDArray[np.int64]:
    """Frames after the first `skip_frames` to which all units of summed responses [T, units] respond alike."""
    alike = np.flatnonzero(np.ptp(summed, axis=1) == 0)
    return np.asarray(alike[alike >= skip_frames])


def check_frames(areas: Sequence[Responses], n_frames: int) -> None:
    """Raise InputError where a recording has not exactly the `n_frames` frames of the movie."""
    for area in areas:
        if area.n_frames != n_frames:
            raise InputError(
                f"{area.area}, {area.movie}: the recording has {area.n_frames} frames, the movie {n_frames}; "
                "they must be of the same frames"
            )


def units_table(recordings: Sequence[Recording], selection: Mapping[str, Any]) -> pd.DataFrame:
    """Count the units of each area, as the paper's Table 3 does, and what was left out or changed on the way to the counts.

    Parameters
    ----------
    recordings, selection
        As for `unit_mask`.

    Raises
    ------
    InputError
        If fewer than two units of an area are kept.

    Returns
    -------
    pandas.DataFrame
        movie, area (lower case), `units` recorded, `kept`, `sessions`, `repeats`, mean and median rate of the kept
        units over the movie, spikes/s (empty of real values); a
        column per kind of note (`lorafb.artefacts.recordings.Note`), the numbers added up;
        `undefined_frames`, to which all kept units respond alike; `notes`, a line each.
    """
    rows = []
    for recording in recordings:
        kept, rate = _enough(recording, unit_mask(recording, selection)), rates(recording)
        notes = [*recording.notes, _undefined_note(recording, kept, selection)]
        numbers: dict[str, int] = {}
        for note in notes:
            numbers[note.what] = numbers.get(note.what, 0) + note.number
        rows.append(
            {
                "movie": recording.movie,
                "area": recording.area.lower(),
                "units": len(kept),
                "kept": int(kept.sum()),
                "sessions": len(np.unique(recording.units["session"])),
                "repeats": recording.n_repeats,
                "mean_rate": float(rate[kept].mean()),
                "median_rate": float(np.median(rate[kept])),
                **numbers,
                "notes": JOINT.join(note.text for note in notes if note.text),
            }
        )
    table = pd.DataFrame(rows)
    columns = [*(name for name in table.columns if name != "notes"), "notes"]
    counted = [name for name in columns if name in {note.what for one in recordings for note in one.notes}]
    return table[columns].astype(dict.fromkeys(counted, "Int64")).fillna(dict.fromkeys(counted, 0))


def _undefined_note(recording: Recording, kept: Mask, selection: Mapping[str, Any]) -> Note:
    skip_frames = int(selection.get("skip_frames", 0))
    frames = undefined(recording.summed[:, kept], skip_frames)
    if not len(frames):
        return Note("undefined_frames", 0, "")
    of_all = f"{len(frames)} of {many(len(recording.summed) - skip_frames, 'frame')} (first: {frames[0]})"
    told = f"{recording.movie}, {recording.area}: all {many(int(kept.sum()), 'kept unit')} respond alike to {of_all}: "
    if selection.get("undefined_frames") == "leave_out":
        return Note("undefined_frames", len(frames), f"{told}the area is scored without them, for all networks alike")
    return Note(
        "undefined_frames", len(frames), f"{told}no score; `undefined_frames: leave_out` scores it without them"
    )


def remarks(tables: Iterable[pd.DataFrame]) -> list[str]:
    """List the notes of tables of units, each once."""
    notes = (str(text) for table in tables if "notes" in table for text in table["notes"].dropna())
    return list(dict.fromkeys(line for text in notes for line in text.split(JOINT) if line))
