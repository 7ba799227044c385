"""Movies in NumPy arrays, as Allen's templates are."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lorafb.files import InputError
from lorafb.stimuli import array
from lorafb.stimuli.from_config import stimulus


def test_a_grey_template_stays_grey_whatever_the_files_ending(tmp_path):
    template = np.arange(4 * 3 * 5, dtype=np.uint8).reshape(4, 3, 5)
    with (tmp_path / "natural_movie_1.h5").open("wb") as file:
        np.save(file, template)
    movie = stimulus({"kind": "array", "frames": 4, "rate_hz": 30.0}, [tmp_path / "natural_movie_1.h5"])
    assert_array_equal(movie.frames, template)
    assert movie.rate_hz == 30.0


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.zeros((4, 3, 5)), "holds float64"),
        (np.zeros((4, 3), np.uint8), r"holds uint8 \[4, 3\]"),
        (np.zeros((4, 3, 5, 4), np.uint8), "expected uint8"),
        (np.zeros((9, 3, 5), np.uint8), "holds 9 frames, the config says 4"),
        (np.array([{}]), "pickled objects are not read"),
    ],
)
def test_another_array_is_refused_by_what_it_holds(tmp_path, values, told):
    np.save(tmp_path / "movie.npy", values)
    with pytest.raises(InputError, match=told):
        array.read(tmp_path / "movie.npy", 4, 30.0)


@pytest.mark.parametrize("content", [b"", b"<html>quota</html>", b"\x93NUMPY\x01\x00\x10\x00{'descr': (((("])
def test_a_damaged_file_is_one_line(tmp_path, content):
    (tmp_path / "movie.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"movie\.npy: is no \.npy array"):
        array.read(tmp_path / "movie.npy", 4, 30.0)
