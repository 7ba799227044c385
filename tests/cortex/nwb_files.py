"""A small session of the Allen schema, written by pynwb, for tests to read and to spoil."""

from datetime import UTC, datetime

import h5py
import numpy as np
from pynwb import NWBHDF5IO, NWBFile
from pynwb.epoch import TimeIntervals

TIMES, MOVIE = "units/spike_times", "intervals/natural_movie_one_presentations"
ELECTRODES = "general/extracellular_ephys/electrodes"
"""Paths in the file of the spike times and of two tables."""

AREAS = {10: "VISp", 11: "VISp", 12: "VISl", 13: "CA1"}
"""Location of each electrode."""

UNITS = {
    #    id: (peak channel, amplitude cutoff, presence ratio, isi violations, firing rate, label)
    950: (10, 0.01, 0.99, 0.1, 5.0, "good"),
    951: (11, 0.10, 0.95, 0.5, 5.0, "good"),  # at each bound, which is inside
    952: (12, 0.02, 0.99, 0.0, 0.1, "noise"),
    953: (10, 0.11, 0.99, 0.1, 5.0, "good"),
    954: (10, 0.01, 0.94, 0.1, 5.0, "good"),
    955: (10, 0.01, 0.99, 0.6, 5.0, "good"),
    956: (10, np.nan, 0.99, 0.1, 5.0, "good"),
    957: (99, 0.01, 0.99, 0.1, 5.0, "good"),  # no such electrode
    958: (13, 0.01, 0.99, 0.1, 5.0, "good"),
}

FRAMES, REPEATS, FRAME_S, LEAD_S, PAUSE_S = 5, 3, 0.25, 1.0, 2.0
START = np.concatenate(
    [LEAD_S + r * (FRAMES * FRAME_S + PAUSE_S) + np.arange(FRAMES) * FRAME_S for r in range(REPEATS)]
)
"""Times that a float holds exactly, so that a spike can lie on an edge."""


def spike_times(unit_id):
    """Spikes in every eighth of a second from 0 on, fewer for higher ids: some on edges, some in pauses."""
    return np.arange(0, 12, 0.125 * (unit_id - 949))


def presentations(name="natural_movie_one", start=START, frame=None, block=None):
    table = TimeIntervals(name=f"{name}_presentations", description="rows of a movie")
    frame = np.tile(np.arange(FRAMES), REPEATS) if frame is None else frame
    for column in ("frame", "stimulus_block"):
        table.add_column(column, column)
    for row, (begin, number) in enumerate(zip(start, frame, strict=True)):
        table.add_row(
            start_time=begin,
            stop_time=begin + FRAME_S,
            frame=float(number),
            stimulus_block=0.0 if block is None else block[row],
        )
    return table


def write_session(path, session_id="715093703", tables=None):
    """Write a session with pynwb; returns the path."""
    file = NWBFile("a session", session_id, datetime(2019, 1, 1, tzinfo=UTC), session_id=session_id)
    device = file.create_device("probeA")
    group = file.create_electrode_group("probeA", description="probe", location="unknown", device=device)
    for channel, area in AREAS.items():
        file.add_electrode(id=channel, location=area, group=group)
    for column in ("peak_channel_id", "amplitude_cutoff", "presence_ratio", "isi_violations", "firing_rate", "quality"):
        file.add_unit_column(column, column)
    for unit_id, (channel, cutoff, presence, isi, rate, label) in UNITS.items():
        file.add_unit(
            id=unit_id,
            spike_times=spike_times(unit_id),
            peak_channel_id=channel,
            amplitude_cutoff=cutoff,
            presence_ratio=presence,
            isi_violations=isi,
            firing_rate=rate,
            quality=label,
        )
    for table in [presentations()] if tables is None else tables:
        file.add_time_intervals(table)
    with NWBHDF5IO(path, "w") as out:
        out.write(file)
    return path


def replace_column(path, column, values):
    """Put other values in place of a column of an HDF5 file."""
    with h5py.File(path, "r+") as file:
        attributes = dict(file[column].attrs)
        del file[column]
        file[column] = values
        file[column].attrs.update(attributes)


def change_rows(path, column, rows, value):
    with h5py.File(path, "r+") as file:
        file[column][rows] = value
