"""A file that is only locked, or not complete yet, is not called damaged."""

import re
import subprocess
import sys

import h5py
import numpy as np
import pytest

from lorafb.artefacts import hdf5
from lorafb.commands import check
from lorafb.cortex import hdf5_tables
from lorafb.files import InputError

WRITER = "import sys, h5py; f = h5py.File(sys.argv[1], 'w', libver='latest'); f['x'] = range(9); {}f.flush(); print(flush=True); input()"


def by_each(path, told):
    """Open the file by each route that a user's file takes: all say the same."""
    for route in (lambda: hdf5.open_file(path, path), lambda: open_table(path), lambda: check.describe(path)):
        with pytest.raises(InputError, match=re.escape(f"{path}: {told}")):
            route()


def open_table(path):
    with hdf5_tables.opened(path, str(path)):
        pass


def test_a_file_that_is_not_all_there_is_incomplete(tmp_path):
    path = tmp_path / "session.nwb"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(1000)
    whole = path.read_bytes()
    path.write_bytes(whole[:5000])
    by_each(path, f"is incomplete: 5000 of {len(whole)} bytes; wait until it is written or copied, or fetch it again")


@pytest.mark.parametrize(
    ("mode", "told"), [("", "is locked: another program"), ("f.swmr_mode = True; ", "is being written, or was")]
)
def test_a_file_that_another_program_writes_is_locked(tmp_path, mode, told):
    path = tmp_path / "session.nwb"
    command = [sys.executable, "-c", WRITER.format(mode), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        by_each(path, told)
        writer.communicate(b"\n")
    hdf5.open_file(path, path).close()


def test_a_file_that_is_no_hdf5_is_called_so(tmp_path):
    (tmp_path / "page.nwb").write_text("<html>quota</html>")
    with pytest.raises(InputError, match=r"page\.nwb: cannot be read as an HDF5 file"):
        hdf5.open_file(tmp_path / "page.nwb", "page.nwb")
    with pytest.raises(InputError, match=r"none\.nwb: no such file"):
        hdf5.open_file(tmp_path / "none.nwb", "none.nwb")
