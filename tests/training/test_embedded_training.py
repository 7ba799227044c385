import pytest
import torch

from lorafb.networks import catalogue
from lorafb.stimuli import photographs
from lorafb.training import motion, sets
from lorafb.training.fit import fit
from lorafb.training.measures import interval
from lorafb.training.recipe import from_settings
from lorafb.training.settings import Motion

torch.set_num_threads(1)


def trained(network, training, folder):
    pictures = [photographs._shipped() / f"{name}.jpg" for name in photographs.NAMES]
    settings = Motion().model_dump()
    source = sets.embedded(settings, pictures)
    return fit(catalogue.network(network), training, source, from_settings(settings), 2022, folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "training"),
    [
        ("lorafb_snet_tiny", "motion"),
        ("lorafb_cnet_tiny", "motion"),
        ("sew_resnet_tiny", "motion"),
        ("cornet_tiny", "motion"),
        ("lorafb_snet_tiny", "motion_subset"),
        ("lorafb_snet_tiny", "motion_random"),
    ],
)
def test_clips_teach_the_tiny_networks_the_embedded_task_to_twice_chance(network, training, tmp_path):
    result = trained(network, training, tmp_path)
    assert result.meta["test_interval"][0] > 2 / len(motion.MOTIONS)
    assert not [layer for layer, rate in result.epochs[-1].items() if layer.startswith("rate:") and rate == 0]


@pytest.mark.slow
@pytest.mark.parametrize("network", ["lorafb_snet_tiny", "sew_resnet_tiny"])
def test_still_frames_teach_nothing_of_motion(network, tmp_path):
    meta = trained(network, "motion_still", tmp_path).meta
    correct = round(meta["last_test_accuracy"] * meta["test_clips"])  # the best epoch is chosen for being lucky
    low, high = interval(correct, meta["test_clips"], confidence=0.999)
    assert low < 1 / len(motion.MOTIONS) < high
