"""One small session for all tests of this folder, and copies of it to spoil."""

import shutil

import pytest
from nwb_files import write_session


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    return write_session(tmp_path_factory.mktemp("nwb") / "session.nwb")


@pytest.fixture
def copy(written, tmp_path):
    return shutil.copy(written, tmp_path / "copy.nwb")
