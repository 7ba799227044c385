"""Write a simulated session as an NWB file of the Allen Visual Coding Neuropixels schema, so that it is read like a real one.

The danger is a file whose origin is forgotten: it says SIMULATED in its identifier and description. Equal sessions give equal
bytes, although the writer marks every object of a file with a random id.
"""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hdmf.common import VectorData, VectorIndex
from numpy.typing import NDArray
from pynwb import NWBHDF5IO, NWBFile
from pynwb.epoch import TimeIntervals
from pynwb.file import Subject
from pynwb.misc import Units

from lorafb.cortex.simulated import SimulatedSession
from lorafb.files import whole

STARTED = datetime(2000, 1, 1, tzinfo=UTC)
"""Start of every simulated session: no clock of this machine goes into the file."""
ORIGIN = "SIMULATED: no animal was recorded. Spikes drawn by lorafb's simulated mouse while it was shown the movie "
DESCRIPTIONS = {
    "peak_channel_id": "id of the electrode on which the unit is largest",
    "amplitude_cutoff": "simulated: share of spikes below the detection threshold",
    "presence_ratio": "simulated: share of the session in which the unit fired",
    "isi_violations": "simulated: rate of contaminating spikes over the unit's own",
    "firing_rate": "mean rate over the session, spikes/s",
}


def write(session: SimulatedSession, movie: str, path: Path | str) -> None:
    """Write a simulated session to `path`, whole or not at all; its presentations are the table `intervals/MOVIE_presentations`."""
    file = NWBFile(
        session_description=f"{ORIGIN}{movie}.",
        identifier=f"SIMULATED mouse {session.session}, seed {session.seed}, {movie}",
        session_start_time=STARTED,
        timestamps_reference_time=STARTED,
        file_create_date=[STARTED],
        session_id=str(session.session),
        institution="none: SIMULATED",
        subject=Subject(subject_id=f"SIMULATED-{session.session}", description="SIMULATED"),
    )
    device = file.create_device("SIMULATED probe", description="SIMULATED")
    for area, units in session.units.groupby("area", sort=False):
        group = file.create_electrode_group(f"SIMULATED {area}", description="SIMULATED", location=area, device=device)
        for channel in units["peak_channel_id"]:
            file.add_electrode(id=int(channel), location=area, group=group)
    spikes = _column("spike_times", np.concatenate(session.spikes), "seconds")
    ends = np.cumsum([len(train) for train in session.spikes])
    columns = [spikes, VectorIndex(name="spike_times_index", data=ends, target=spikes)]
    columns += [_column(name, session.units[name].to_numpy(), text) for name, text in DESCRIPTIONS.items()]
    file.units = Units(name="units", description=ORIGIN, id=session.units["unit_id"].to_numpy(), columns=columns)
    presentations = [
        _column("start_time", session.start.ravel(), "when the frame came, seconds"),
        _column("stop_time", session.stop.ravel(), "when the frame went, seconds"),
        _column("frame", session.frame.ravel().astype(np.float64), "frame of the movie, or scene, from 0"),
        _column("stimulus_block", np.zeros(session.start.size), "block of the session"),
    ]
    table = TimeIntervals(name=f"{movie}_presentations", description=f"{ORIGIN}{movie}.", columns=presentations)
    file.add_time_intervals(table)
    with whole(path) as temporary:
        with NWBHDF5IO(temporary, "w") as out:
            out.write(file)
        name_objects_by_path(temporary)


def _column(name: str, data: NDArray[Any], description: str) -> VectorData:
    return VectorData(name=name, description=description, data=data)


def name_objects_by_path(path: Path | str) -> None:
    """Replace the random id of every object in an NWB file by one that follows from its path in the file.

    The ids are replaced in the file's bytes: written through HDF5 again, the old ones would stay in freed space.
    """
    ids: dict[str, str] = {}

    def remember(name: str, item: h5py.HLObject) -> None:
        if "object_id" in item.attrs:
            ids[item.attrs["object_id"]] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"lorafb:/{name}"))

    with h5py.File(path, "r") as file:
        remember("", file)
        file.visititems(remember)
    content = Path(path).read_bytes()
    for random_id, ours in ids.items():
        content = content.replace(random_id.encode(), ours.encode())
    Path(path).write_bytes(content)
