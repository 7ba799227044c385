from contextlib import contextmanager

import h5py
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lorafb.features import store
from lorafb.features.extract import Block
from lorafb.files import InputError

torch.set_num_threads(1)


@contextmanager
def writing(group, n_frames):
    writer = store.FeatureWriter(group, n_frames)
    yield writer
    writer.finish()


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "features.h5", "w") as opened:
        yield opened


def blocks(values, lengths, layer="V1", scale=1, shape=None):
    first = 0
    for length in lengths:
        rows = torch.from_numpy(values[first : first + length])
        yield Block(layer, first, rows, scale, shape or (values.shape[1], 1, 1))
        first += length


def counts(n_frames, n_units, seed=0):
    return np.random.default_rng(seed).integers(0, 5, (n_frames, n_units), dtype=np.uint8)


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6))
@settings(deadline=None, max_examples=30)
def test_the_blocks_that_frames_come_in_do_not_matter(lengths):
    values = counts(sum(lengths), 12)
    with h5py.File("memory.h5", "w", driver="core", backing_store=False) as file:
        with writing(file, len(values)) as sink:
            for block in blocks(values, lengths):
                sink(block)
        assert file["V1/features"].dtype == np.uint8
        assert_array_equal(file["V1/features"][:], values)


@pytest.mark.parametrize("late", [1, 3, 16, 17, 39])
def test_a_layer_that_turns_fractional_late_keeps_every_frame(file, late):
    sums = counts(40, 30)
    rest = (counts(40 - late, 30, seed=1) + np.float32(0.3)).astype(np.float32)
    with writing(file, 40) as sink:
        for block in blocks(sums, [1] * late, scale=4):
            sink(block)
        for block in blocks(np.concatenate([sums[:late].astype(np.float32), rest]), [1] * 40):
            if block.first >= late:
                sink(block)
    expected = np.concatenate([sums[:late] / np.float32(4), rest])
    assert list(file["V1"]) == ["features"]
    assert file["V1"].attrs["scale"] == 1
    assert_array_equal(file["V1/features"][:], expected)
    assert_array_equal(store.read_layer(file, "V1"), expected)


def test_a_layer_is_read_divided_by_its_scale(file):
    sums = counts(7, 6)
    with writing(file, 7) as sink:
        for block in blocks(sums, [7], scale=4, shape=(2, 1, 3)):
            sink(block)
    assert file["V1"].attrs["shape"].tolist() == [2, 1, 3]
    read = store.read_layer(file, "V1")
    assert read.dtype == np.float32
    assert_array_equal(read, sums / 4)


def test_equal_features_give_equal_bytes(tmp_path):
    values = counts(33, 50)
    written = []
    for name, lengths in (("one.h5", [16, 16, 1]), ("two.h5", [5] * 6 + [3])):
        with h5py.File(tmp_path / name, "w") as file, writing(file, 33) as sink:
            for block in blocks(values, lengths):
                sink(block)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_a_layer_that_ends_early_is_refused(file):
    sink = store.FeatureWriter(file, 9)
    for block in blocks(counts(8, 3), [8]):
        sink(block)
    with pytest.raises(ValueError, match="'V1' end after 8 of 9 frames"):
        sink.finish()


@pytest.mark.parametrize("first", [0, 3, 8])
def test_frames_out_of_order_or_too_many_are_refused(file, first):
    sink = store.FeatureWriter(file, 9)
    sink(Block("V1", 0, torch.zeros(2, 3), 1, (3, 1, 1)))
    with pytest.raises(ValueError, match="after 2 of 9 frames"):
        sink(Block("V1", first, torch.zeros(2, 3), 1, (3, 1, 1)))


def test_an_unknown_layer_is_named_with_the_nearest(file):
    file.create_group("maxpool")
    with pytest.raises(InputError, match="did you mean 'maxpool'"):
        store.read_layer(file, "maxpol")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_chunks_at_every_edge_are_read_by_h5py_as_ordinary_gzip(file, monkeypatch, dtype):
    monkeypatch.setattr(store, "UNITS", 32)
    values = counts(37, 131).astype(dtype) * dtype(3)  # 131 is prime: the last chunks are padded
    values[20:] = 0
    with writing(file, 37) as sink:
        for block in blocks(values, [37]):
            sink(block)
    dataset = file["V1/features"]
    assert dataset.chunks == (16, 32)
    assert (dataset.compression, dataset.shuffle, dataset.fletcher32) == ("gzip", dtype is np.float32, False)
    assert_array_equal(dataset[:], values)
    assert dataset.id.get_storage_size() < values.nbytes


def test_a_flipped_byte_is_caught(tmp_path):
    path = tmp_path / "features.h5"
    values = np.random.default_rng(0).integers(0, 255, (16, 4000), dtype=np.uint8)
    with h5py.File(path, "w") as file, writing(file, 16) as sink:
        for block in blocks(values, [16]):
            sink(block)
    with h5py.File(path, "r") as file:
        chunk = file["V1/features"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 1
    path.write_bytes(content)
    with h5py.File(path, "r") as file, pytest.raises(OSError, match="read"):
        store.read_layer(file, "V1")


@pytest.mark.parametrize("n_units", [1, 512, 65536, 65537, 100352, 200704, 802816, 131071])
def test_chunks_divide_the_units_where_a_divisor_is_not_tiny(n_units):
    width = store.chunk_units(n_units)
    assert width <= store.UNITS
    assert n_units % width == 0 or width == store.UNITS


def test_every_layer_of_the_published_networks_is_chunked_without_padding():
    for n_units in (802816, 200704, 100352, 50176, 25088, 512, 401408, 131072):
        assert n_units % store.chunk_units(n_units) == 0
