"""Tensors that others have prepared, and how far ours lie from them."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch.nn.functional import interpolate

from lorafb.artefacts import stimuli
from lorafb.artefacts.provenance import Provenance
from lorafb.features import published_tensors
from lorafb.features.prepare import PreparedFrames
from lorafb.features.published_tensors import differences
from lorafb.files import InputError

torch.set_num_threads(1)

TEMPLATE = np.random.default_rng(0).integers(0, 256, (40, 30, 61), dtype=np.uint8)  # grey, as Allen's


def published(antialias=True, rounded=False, normalise=lambda x: (x - 0.5) / 0.5):
    """Prepare the template as others may have done it."""
    grey = torch.from_numpy(TEMPLATE)[:, None].expand(-1, 3, -1, -1) / 255
    small = interpolate(grey, size=(12, 12), mode="bilinear", antialias=antialias)
    return PreparedFrames(normalise((small * 255).round() / 255 if rounded else small), "stimulus.pt")


def imagenet(x):
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (x - mean[:, None, None]) / deviation[:, None, None]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(("name", "normalise"), [("half", lambda x: (x - 0.5) / 0.5), ("imagenet", imagenet)])
def test_the_way_a_tensor_was_prepared_is_found_and_differs_by_rounding_alone(antialias, name, normalise):
    first, *others = differences(published(antialias, normalise=normalise), TEMPLATE)
    assert (first.normalisation, first.antialias) == (name, antialias)
    assert first.mean <= first.largest < 2e-6
    assert len(others) == 3
    assert all(one.mean > 0.05 for one in others)


def test_rounding_to_8_bits_shows_as_half_a_grey_level_at_most():
    first, *_ = differences(published(rounded=True), TEMPLATE)
    grey_level = 2 / 255
    assert grey_level / 4 < first.largest <= grey_level / 2 + 1e-6
    assert first.mean == pytest.approx(grey_level / 4, rel=0.05)  # of a uniform distribution over half a level


def test_the_largest_difference_is_found_in_whichever_block_of_frames_it_lies():
    for frame in (3, 39):
        tensor = published().frames.clone()
        tensor[frame, 1, 4, 5] += 7
        first, *_ = differences(PreparedFrames(tensor, "stimulus.pt"), TEMPLATE)
        assert first.largest == pytest.approx(7, abs=1e-5)
        assert first.mean == pytest.approx(7 / tensor.numel(), rel=0.05)


@pytest.mark.parametrize(("frames", "width"), [(39, 12), (40, 13)])
def test_a_tensor_of_other_frames_is_not_compared(frames, width):
    with pytest.raises(InputError, match=rf"stimulus\.pt: {frames} frames of 12x{width} pixels, expected 40"):
        differences(PreparedFrames(torch.zeros(frames, 3, 12, width), "stimulus.pt"), TEMPLATE)


def test_a_published_tensor_becomes_a_stimulus_file_and_back_bit_by_bit(tmp_path):
    tensor = published().frames.contiguous()
    torch.save(tensor, tmp_path / "stimulus.pt")
    stimuli.write(published_tensors.stimulus(tmp_path / "stimulus.pt", 40, 30.0), tmp_path / "movie.h5", Provenance())
    with stimuli.opened(tmp_path / "movie.h5") as movie:
        assert_array_equal(movie.frames[:], tensor)
        assert movie.frames.dtype == np.float32
        assert (movie.rate_hz, movie.source) == (30.0, "published tensor stimulus.pt")
    with pytest.raises(InputError, match="holds 40 frames, the config says 41"):
        published_tensors.stimulus(tmp_path / "stimulus.pt", 41, 30.0)
