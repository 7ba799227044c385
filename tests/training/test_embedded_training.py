import pytest
import torch

from lorafb.networks.build import create
from lorafb.training import motion
from lorafb.training.loop import train
from lorafb.training.recipe import EMBEDDED

torch.set_num_threads(1)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["lorafb_snet_tiny", "lorafb_cnet_tiny", "sew_resnet_tiny", "cornet_tiny"])
def test_the_tiny_networks_learn_the_embedded_task_to_twice_chance(network, tmp_path):
    torch.manual_seed(2022)
    model = create(network, classes=len(motion.MOTIONS))
    clips = [motion.clips(motion.Task(), split, seed=2022) for split in motion.SPLITS]
    trained = train(model, *clips, EMBEDDED, 2022, tmp_path)
    assert trained.meta["test_interval"][0] > 2 / len(motion.MOTIONS)
    assert not [layer for layer, rate in trained.epochs[-1].items() if layer.startswith("rate:") and rate == 0]


@pytest.mark.slow
def test_still_frames_teach_nothing_of_motion(tmp_path):
    torch.manual_seed(2022)
    model = create("sew_resnet_tiny", classes=len(motion.MOTIONS))
    clips = [motion.clips(motion.Task(training="motion_still"), split, seed=2022) for split in motion.SPLITS]
    trained = train(model, *clips, EMBEDDED, 2022, tmp_path)
    low, high = trained.meta["test_interval"]
    assert low < 1 / len(motion.MOTIONS) < high + 0.02  # the best of four epochs is a little lucky
