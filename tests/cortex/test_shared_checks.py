"""What every kind of recording goes through: its rate beside the stimulus', its areas by any name, what is in none of them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from nwb_files import write_session

from lorafb.artefacts import recordings
from lorafb.artefacts.provenance import Provenance
from lorafb.config import movies as config
from lorafb.cortex.places import elsewhere, inside, place
from lorafb.cortex.quality import Quality
from lorafb.cortex.read_recording import read_recording
from lorafb.cortex.sessions import count_session
from lorafb.files import InputError

COUNTS = np.random.default_rng(0).poisson(2, (3, 5, 4))  # repeats, frames, units
AREAS = {"VISp": ["V1"], "VISl": []}
PLACES = ("V1 L4", "visp", "VISl", "MT")
"""Where each of the four units is."""


def sessions(tmp_path):
    counted, _ = count_session(write_session(tmp_path / "one.nwb"), "natural_movie_one", ["VISp"], Quality())
    recordings.write(counted, tmp_path / "one.h5", Provenance())
    return {"kind": "allen"}, [tmp_path / "one.h5"], 4.0


def csv(tmp_path):
    repeat, frame, unit = np.indices(COUNTS.shape).reshape(3, -1)
    columns = {"area": np.array(PLACES)[unit], "unit": unit, "repeat": repeat, "frame": frame, "count": COUNTS.ravel()}
    pd.DataFrame(columns).to_csv(tmp_path / "counts.csv", index=False)
    return {"kind": "counts", "rate_hz": 30.0}, [tmp_path / "counts.csv"], 30.0


def npz(tmp_path):
    arrays = {name: COUNTS[:, :, [unit]].transpose(2, 0, 1) for unit, name in enumerate(PLACES)}
    ids = {f"{name}_unit_id": [unit] for unit, name in enumerate(PLACES)}
    np.savez(tmp_path / "counts.npz", **arrays, **ids, bin_s=1 / 30, session_id=1)
    return {"kind": "counts"}, [tmp_path / "counts.npz"], 30.0


def arrays(tmp_path):
    block = config.Arrays(kind="arrays", files={name: f"{name}.npy" for name in ("V1", "VISp", "MT")}, rate_hz=30.0)
    for name, units in (("V1", [0]), ("VISp", [1]), ("MT", [3])):
        np.save(tmp_path / f"{name}.npy", COUNTS[:, :, units])
    files = [tmp_path / file for file in block.of_area("VISp", AREAS)]
    return block.model_dump(include={"kind", "rate_hz", "axes"}), files, 30.0


def published(tmp_path):
    folder = tmp_path / "neural" / "allen_natural_movie_one"
    folder.mkdir(parents=True)
    np.save(folder / "visp_1.npy", COUNTS.sum(axis=0)[:, None])
    return {"kind": "published"}, [folder / "visp_1.npy"], 30.0


@pytest.mark.parametrize("kind", [sessions, csv, npz, arrays, published])
def test_every_kind_of_recording_must_have_the_rate_of_its_stimulus(tmp_path, kind):
    settings, files, rate_hz = kind(tmp_path)
    for shown_hz in (rate_hz, rate_hz * 1.009, None):
        assert read_recording(
            settings, files, "VISp", "movie", asked=AREAS, shown_hz=shown_hz
        ).rate_hz == pytest.approx(rate_hz)
    with pytest.raises(InputError, match=f"^movie, VISp: the recording has {rate_hz:g} frames a second, the stimulus "):
        read_recording(settings, files, "VISp", "movie", asked=AREAS, shown_hz=rate_hz * 1.02)


@pytest.mark.parametrize("kind", [csv, npz, arrays])
def test_tables_are_searched_for_all_names_of_an_area(tmp_path, kind):
    settings, files, _ = kind(tmp_path)
    recording = read_recording(settings, files, "VISp", "movie", asked=AREAS)
    assert recording.area == "VISp"
    assert_array_equal(recording.counts, COUNTS[:, :, :2])
    assert_array_equal(recording.summed, COUNTS[:, :, :2].sum(axis=0))


@pytest.mark.parametrize("kind", [csv, npz])
def test_units_of_a_table_that_are_in_no_area_are_counted_and_named(tmp_path, kind):
    settings, files, _ = kind(tmp_path)
    (note,) = read_recording(settings, files, "VISp", "movie", asked=AREAS).notes
    assert (note.what, note.number) == ("in_no_area", 1)
    assert note.text.endswith(": 1 unit in no area of the study: MT 1")


def test_notes_come_back_from_the_file_of_a_recording(tmp_path):
    settings, files, _ = csv(tmp_path)
    recording = read_recording(settings, files, "VISp", "movie", asked=AREAS)
    recordings.write(recording, tmp_path / "area.h5", Provenance())
    assert recordings.read(tmp_path / "area.h5").notes == recording.notes != ()


@pytest.mark.parametrize(
    ("location", "area"),
    [
        *(
            (name, "VISp")
            for name in ("VISp", "visp", "VISP", "VISp2/3", "VISp6a", "VISp 4", "VISp-L4", "VISp layer 2/3")
        ),
        *(
            (name, "VISp")
            for name in ("Primary visual area", "primary visual area, layer 6b", "Primary visual area layer 4")
        ),
        *((name, "VISp") for name in ("V1", "v1", "V1 L4", "V1, layer 4", "Area 17 left")),
        *((name, "VISl") for name in ("VISl", "VISl5", "Lateral visual area, layer 1")),
        *((name, "VISpm") for name in ("VISpm", "VISpm6a", "posteromedial visual area")),
        *((name, "CA1") for name in ("CA1", "Field CA1", "ca1")),
        *(
            (name, None)
            for name in ("VISpl", "VISp7", "VIS", "V14", "V2", "CA11", "CA", "VISli", "", "Visual area", "CA1 2x")
        ),
    ],
)
def test_places_are_found_as_people_write_them_and_others_are_nowhere(location, area):
    areas = {"VISp": ["V1", "area 17*"], "VISl": [], "VISpm": [], "CA1": []}
    assert place(location, areas) == area


def test_an_areas_own_name_comes_before_patterns_and_two_patterns_are_an_error():
    areas = {"VISp": ["VIS*"], "VISl": [], "V4": ["V*4"]}
    assert place("VISl", areas) == "VISl"
    assert place("VISam", areas) == "VISp"
    with pytest.raises(InputError, match=r"areas: the recorded place 'VISx4' fits VISp and V4"):
        place("VISx4", areas)
    assert inside("VISp", ["VISam", "VISl", "MT"], areas) == ["VISam"]
    assert elsewhere(["VISam", "VISl", "MT"], areas) == ["MT"]
