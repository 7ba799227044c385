import torch

from lorafb.networks.build import create
from lorafb.networks.gathered import gather
from lorafb.networks.lorafb import RecurrentStage
from lorafb.networks.state import fresh_state

torch.set_num_threads(1)


def gradients(gathered, precision):
    torch.manual_seed(0)
    model = create("lorafb_snet_tiny", classes=5).to(precision)
    for stage in model.modules() if gathered else ():
        if isinstance(stage, RecurrentStage):
            gather(stage)
    frames = torch.randn(5, 2, 3, 32, 32, generator=torch.Generator().manual_seed(1)).to(precision)
    with fresh_state(model):
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.float32):
            out = model(frames).float().mean(dim=0)
        (out**2).sum().backward()
    assert not any("forward" in vars(module) for module in model.modules())
    return {name: one.grad for name, one in model.named_parameters()}


def test_gradients_of_all_time_steps_at_once_are_the_sums_over_time_steps():
    at_once, one_by_one = gradients(True, torch.float64), gradients(False, torch.float64)
    torch.testing.assert_close(at_once, one_by_one, rtol=1e-9, atol=1e-12)
    assert all(one.abs().sum() > 0 for one in at_once.values())


def test_under_autocast_weights_have_gradients_in_their_own_precision():
    at_once, one_by_one = gradients(True, torch.float32), gradients(False, torch.float32)
    for name, expected in one_by_one.items():
        assert at_once[name].dtype == torch.float32
        assert (at_once[name] - expected).norm() < 0.02 * expected.norm(), name


def test_a_frozen_weight_stays_without_a_gradient():
    stage = create("lorafb_snet_tiny", classes=5).recurrent_layer2.requires_grad_(False)
    gather(stage)
    x = torch.randn(3, 2, 16, 8, 8, requires_grad=True)
    stage(x).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(one.grad is None for one in stage.parameters())
