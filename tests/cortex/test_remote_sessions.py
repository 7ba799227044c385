"""Sessions read from a server give the counts of the local file, for a part of its bytes, or an error in one line."""

import h5py
import numpy as np
import pytest
import requests
from numpy.testing import assert_array_equal
from nwb_files import write_session
from range_server import serving

from lorafb import web
from lorafb.config import reading
from lorafb.cortex import remote
from lorafb.cortex.sessions import count_session
from lorafb.files import InputError

AREAS = ["VISp", "VISl"]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session beside 24 MB that no study needs."""
    path = write_session(tmp_path_factory.mktemp("sessions") / "session.nwb")
    with h5py.File(path, "a") as file:
        file.create_dataset(
            "acquisition/raw", data=np.random.default_rng(1).integers(0, 256, 24 * 2**20, dtype=np.uint8)
        )
    return path


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(web, "BACKOFF_S", 0.0)


def counted(url):
    with remote.open_remote(url, block=2**16) as file:
        recording, _ = count_session(file, "natural_movie_one", AREAS, name=url)
        return recording, file


@pytest.mark.parametrize("ways", [{}, {"busy": 3}, {"busy": 3, "busy_status": 429}, {"cut": 3}, {"more": 2**20}])
def test_the_counts_are_those_of_the_local_file_whatever_the_connection_does(session, ways):
    expected, _ = count_session(session, "natural_movie_one", AREAS)
    with serving(session.read_bytes(), **ways) as (url, _):
        counts, file = counted(url)
    assert_array_equal(counts.counts, expected.counts)
    assert counts.units.keys() == expected.units.keys()
    assert file.requests < 25
    if "more" not in ways:
        assert file.bytes_read < session.stat().st_size / 20
    assert file.identity == {"url": url, "size": session.stat().st_size, "etag": '"a"'}


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ({"ranges": False}, "does not serve byte ranges; download the whole file"),
        ({"status": 403}, "the server answers 403 Forbidden"),
        ({"status": 404}, "the server answers 404 Not Found"),
        ({"status": 503}, "the server answers 503 Service Unavailable"),
        ({"changes_after": 2}, "has changed while it was read"),
        ({"cut": 99}, "bytes (6 tries); start again later"),
        ({"busy_after": 2}, "the server answers 503 Service Unavailable (6 tries); start again later"),
        ({"shift": 1}, "has changed while it was read, or its server stopped serving byte ranges"),
        ({"size": "*"}, "does not serve byte ranges"),
    ],
)
def test_an_unreliable_server_is_reported_in_one_line(session, ways, expected):
    with serving(session.read_bytes(), **ways) as (url, _), pytest.raises(InputError, match=r"^[^\n]*$") as error:
        counted(url)
    assert expected in str(error.value)


def test_a_server_that_is_not_there_is_named():
    with (
        pytest.raises(InputError, match=r"^http://127\.0\.0\.1:9/s\.nwb: the connection failed .*Connection refused"),
        remote.open_remote("http://127.0.0.1:9/s.nwb"),
    ):
        pass


def test_a_page_instead_of_a_session_is_named():
    with (
        serving(b"<html>please log in</html>" * 100) as (url, _),
        pytest.raises(InputError, match="cannot be read as an HDF5"),
    ):
        counted(url)


BYTES = np.random.default_rng(0).bytes(2**20)


def test_a_long_run_is_one_request_and_short_ones_share_a_block():
    with serving(BYTES) as (url, log), remote.open_remote(url, block=2**12) as file:
        file.seek(100)
        assert file.read(2**16) == BYTES[100 : 100 + 2**16]
        assert file.tell() == 100 + 2**16
        assert log[1:] == [(100, 99 + 2**16)]
        for place in (2**18 + 5, 2**18, 2**18 + 4000):
            file.seek(place)
            assert file.read(50) == BYTES[place : place + 50]
        assert log[2:] == [(2**18, 2**18 + 2**12 - 1)]
        file.seek(-10, 2)
        assert file.read(2**16) == BYTES[-10:]


def test_a_connection_that_was_cut_goes_on_where_it_was_cut():
    with serving(BYTES, cut=2) as (url, log), remote.open_remote(url, block=2**12) as file:
        assert file.read(2**16) == BYTES[: 2**16]
    assert log[1:] == [(0, 2**16 - 1), (2**15, 2**16 - 1), (2**15 + 2**14, 2**16 - 1)]
    assert file.bytes_read == 2**16


def test_a_weak_etag_is_compared_and_not_asked_for():
    """A server never matches a weak ETag, so asking for it would end every reading."""
    with serving(BYTES, etag='W/"a"') as (url, _), remote.open_remote(url) as file:
        assert file.read(1000) == BYTES[:1000]
        assert file.identity["etag"] == 'W/"a"'


def test_the_servers_version_of_the_file_is_given_for_the_results(session):
    with serving(session.read_bytes()) as (url, _), remote.open_session(None, url) as (file, known):
        assert count_session(file, "natural_movie_one", AREAS)[0].n_repeats == 3
    assert known == {"remote": {"url": url, "size": session.stat().st_size, "etag": '"a"'}}
    with remote.open_session(str(session), None) as (path, known):
        assert (path, known) == (str(session), {})


ASSET = "58703c97-c0a9-4736-b684-73c85c1a444a"


def test_an_asset_of_dandi_is_read_by_ranges_from_where_the_archive_sends(session):
    expected, _ = count_session(session, "natural_movie_one", AREAS)
    with serving(session.read_bytes(), asset=ASSET) as (url, log):
        archive = url.removesuffix("/session.nwb")
        address = reading.address(f"dandi:{ASSET}", archive)
        counts, file = counted(address)
        assert_array_equal(counts.counts, expected.counts)
        assert file.bytes_read < session.stat().st_size / 20
        assert len(log) > 1
        other = reading.address(f"dandi:{ASSET[:-1]}0", archive)
        with pytest.raises(InputError, match=f"^{other}: the server answers 404 Not Found"):
            counted(other)


def test_sessions_are_paths_addresses_or_assets():
    assert reading.address("mouse.nwb") is None
    assert reading.address("https://example.org/a.nwb") == "https://example.org/a.nwb"
    assert reading.address(f"dandi:{ASSET}") == f"https://api.dandiarchive.org/api/assets/{ASSET}/download/"


def test_the_log_says_how_much_of_the_file_was_read(session, caplog):
    caplog.set_level("INFO")
    with serving(session.read_bytes()) as (url, _):
        counted(url)
    assert f"{url}: read 0.1 of 24.2 MB in 2 requests" in caplog.text


def test_a_connection_that_fails_after_the_last_byte_is_not_asked_again(monkeypatch):
    chunks = web.chunks

    def failing(answer):
        yield from chunks(answer)
        raise requests.exceptions.ChunkedEncodingError("no last chunk")

    with serving(BYTES) as (url, log), remote.open_remote(url) as file:
        monkeypatch.setattr(web, "chunks", failing)
        assert file.read(1000) == BYTES[:1000]
    assert len(log) == 2
