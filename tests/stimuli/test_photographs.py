import subprocess
import sys
from itertools import combinations

import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_sample_image

from lorafb.files import InputError
from lorafb.stimuli import photographs


@pytest.mark.parametrize("name", photographs.NAMES)
def test_photographs_are_the_ones_scikit_learn_ships(name):
    picture = photographs.photograph(name)
    assert picture.shape == (427, 640, 3)
    assert_array_equal(picture, load_sample_image(f"{name}.jpg"))


def test_no_pixel_serves_two_uses():
    for (_, ours), (_, theirs) in combinations(photographs.REGIONS.items(), 2):
        for a in ours:
            for b in theirs:
                apart = a.bottom <= b.top or b.bottom <= a.top or a.right <= b.left or b.right <= a.left
                assert a.photograph != b.photograph or apart


def test_a_region_is_a_cutting_of_its_photograph():
    china, _ = photographs.regions("test")
    assert_array_equal(china, photographs.photograph("china")[213:427, 320:640])


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'flower'"):
        photographs.photograph("flowers")
    with pytest.raises(InputError, match="did you mean 'training'"):
        photographs.regions("train")


def test_stimuli_need_neither_torch_nor_the_import_of_scikit_learn():
    code = (
        "import sys; from lorafb.stimuli import camera, noise, photographs, video; photographs.regions('movie');"
        "sys.exit(bool({'torch', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
