"""Sessions read from a server give the bits of the local file, for a part of its bytes, or one line."""

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from nwb_files import write_session
from range_server import serving

from lorafb.cortex import remote
from lorafb.cortex.sessions import count_session
from lorafb.files import InputError

AREAS = ["VISp", "VISl"]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session beside 24 MB that a study has no use for."""
    path = write_session(tmp_path_factory.mktemp("sessions") / "session.nwb")
    with h5py.File(path, "a") as file:
        file.create_dataset(
            "acquisition/raw", data=np.random.default_rng(1).integers(0, 256, 24 * 2**20, dtype=np.uint8)
        )
    return path


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(remote, "BACKOFF_S", 0.0)


def counted(url):
    with remote.opened(url, block=2**16) as file:
        recording, _ = count_session(file, "natural_movie_one", AREAS, name=url)
        return recording, file


@pytest.mark.parametrize("ways", [{}, {"busy": 3}, {"cut": 3}])
def test_the_counts_are_those_of_the_local_file_whatever_the_line_does(session, ways):
    expected, _ = count_session(session, "natural_movie_one", AREAS)
    with serving(session.read_bytes(), **ways) as (url, _):
        found, file = counted(url)
    assert_array_equal(found.counts, expected.counts)
    assert found.units.keys() == expected.units.keys()
    assert file.bytes_read < session.stat().st_size / 20
    assert file.identity == {"url": url, "size": session.stat().st_size, "etag": '"a"'}


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ({"ranges": False}, "does not serve byte ranges; download the whole file"),
        ({"status": 403}, "the server answers 403 Forbidden, expected a file"),
        ({"status": 404}, "the server answers 404 Not Found"),
        ({"status": 503}, "the server answers 503 Service Unavailable"),
        ({"changes_after": 2}, "has changed while it was read"),
        ({"cut": 99}, "the line was cut 6 times on end; start again later"),
    ],
)
def test_a_server_that_cannot_be_relied_on_is_named_in_one_line(session, ways, told):
    with serving(session.read_bytes(), **ways) as (url, _), pytest.raises(InputError, match=r"^[^\n]*$") as error:
        counted(url)
    assert told in str(error.value)


def test_a_server_that_is_not_there_is_named():
    with (
        pytest.raises(InputError, match=r"^http://127\.0\.0\.1:9/s\.nwb: cannot be reached"),
        remote.opened("http://127.0.0.1:9/s.nwb"),
    ):
        pass


def test_a_page_instead_of_a_session_is_named():
    with (
        serving(b"<html>please log in</html>" * 100) as (url, _),
        pytest.raises(InputError, match="cannot be read as an HDF5"),
    ):
        counted(url)
