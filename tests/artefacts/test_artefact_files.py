"""Artefacts: equal inputs give equal bytes, a changed byte is detected, other programs can read them."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from lorafb.artefacts import grams, provenance, recordings, stimuli, tables
from lorafb.artefacts.grams import Gram, Pass, condense, square
from lorafb.artefacts.provenance import Provenance, sidecar, verify
from lorafb.artefacts.recordings import Recording
from lorafb.artefacts.stimuli import Stimulus
from lorafb.files import InputError, sha256

MADE = Provenance({"movie.avi": "00ff"}, {"frames": 4}, code="c0de")
MOVIE = Stimulus(np.arange(4 * 8 * 6 * 3, dtype=np.uint8).reshape(4, 8, 6, 3), 30.0, "a ramp")


def recording():
    counts = np.arange(2 * 4 * 3).reshape(2, 4, 3).astype(np.uint16)
    units = {"unit_id": np.array([7, 8, 9]), "session": np.array([1, 1, 2])}
    return Recording("VISp", "movie1", 30.0, 2, counts, counts.sum(axis=0), units)


def test_equal_inputs_give_equal_bytes(tmp_path):
    for name in ("one.h5", "two.h5"):
        stimuli.write(MOVIE, tmp_path / name, Provenance({"movie.avi": "00ff"}, {"frames": 4}, code="c0de"))
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_h5py_alone_reads_the_frames_and_their_provenance(tmp_path):
    stimuli.write(MOVIE, tmp_path / "movie.h5", MADE)
    with h5py.File(tmp_path / "movie.h5") as file:
        assert_array_equal(file["frames"][()], MOVIE.frames)
        assert json.loads(file.attrs["inputs"]) == {"movie.avi": "00ff"}
        assert json.loads(file.attrs["parameters"]) == {"frames": 4}
        assert file["frames"].fletcher32


def test_the_sidecar_holds_versions_and_times(tmp_path):
    tables.write(pd.DataFrame({"value": [0.5]}), tmp_path / "scores.csv", MADE)
    content = verify(tmp_path / "scores.csv")
    assert content["versions"]["numpy"] == np.__version__
    assert content["run"]["finished"] >= content["run"]["started"]


def test_a_recording_is_read_as_it_was_written_in_the_smallest_type(tmp_path):
    recordings.write(recording(), tmp_path / "r.h5", MADE)
    read = recordings.read(tmp_path / "r.h5")
    assert_array_equal(read.counts, recording().counts)
    assert read.counts.dtype == np.uint8
    assert (read.area, read.movie, read.rate_hz, read.n_repeats) == ("VISp", "movie1", 30.0, 2)
    assert_array_equal(read.units["session"], [1, 1, 2])


def test_products_come_back_in_the_networks_order(tmp_path):
    counts = np.array([[1, 2, 0], [0, 1, 3]])
    gram = Gram(condense(counts @ counts.T), counts.sum(axis=1), 3)
    made = Pass(np.array([1, 0]), {"sn1": gram, "maxpool": gram, "a.b[0]": gram})
    grams.write(made, tmp_path / "g.h5", MADE)
    read = grams.read(tmp_path / "g.h5")
    assert list(read.layers) == ["sn1", "maxpool", "a.b[0]"]
    assert read.order.tolist() == [1, 0]
    assert_array_equal(square(read.layers["a.b[0]"]), counts @ counts.T)
    with grams.opened(tmp_path / "g.h5") as lazy:
        assert list(lazy.layers) == list(read.layers)
        assert_array_equal(lazy.layers["maxpool"].products, gram.products)


def test_a_job_hashes_an_input_once_and_again_where_it_has_changed(tmp_path, monkeypatch):
    path = tmp_path / "r.h5"
    recordings.write(recording(), path, MADE)
    hashed = []
    monkeypatch.setattr(provenance, "sha256", lambda one: hashed.append(one) or sha256(one))
    digest = verify(path)["sha256"]
    recordings.read(path)
    assert hashed == [path]
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"its bytes have changed .* expected {digest[:12]}"):
        recordings.read(path)


def test_one_flipped_byte_is_detected_on_reading(tmp_path):
    path = tmp_path / "r.h5"
    recordings.write(recording(), path, MADE)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="its bytes have changed"):
        recordings.read(path)


def test_a_missing_checksum_and_another_format_are_named(tmp_path):
    stimuli.write(MOVIE, tmp_path / "movie.h5", MADE)
    with pytest.raises(InputError, match="holds format 'lorafb-stimulus', expected 'lorafb-recording'"):
        recordings.read(tmp_path / "movie.h5")
    sidecar(tmp_path / "movie.h5").unlink()
    with pytest.raises(InputError, match=r"checksum file movie\.h5\.json is missing"):
        stimuli.read(tmp_path / "movie.h5")
