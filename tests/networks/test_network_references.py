"""Networks without published features, against their definitions written once more, plainly, from the same weights."""

import math

import pytest
import torch
from network_goldens import movie, show, with_recipe
from torch.nn import functional

from lorafb.networks import blocks, build, catalogue
from lorafb.networks.blocks import lif

torch.set_num_threads(1)
AREAS = ("V1", "V2", "V4", "IT")


def layer_of(state, name):
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}


class Membrane:
    """The neuron of appendix A, one number a unit."""

    def __init__(self, leak):
        self.leak, self.v = leak, None

    def __call__(self, x):
        v = torch.zeros_like(x) if self.v is None else self.v
        charged = v + (x - v) / 2 if self.leak else v + x
        spike = (charged >= 1).to(x)
        self.v = charged * (1 - spike)
        return spike


@pytest.mark.parametrize(("make", "leak"), [(lif, True), (blocks.integrate_and_fire, False)])
def test_neurons_are_those_of_appendix_a(make, leak):
    x = torch.randn(50, 2, 7, generator=torch.Generator().manual_seed(0)) + 0.4
    node, membrane = make(), Membrane(leak)
    for step in x:
        assert torch.equal(node(step), membrane(step))
        assert torch.equal(node.v, membrane.v)


@pytest.mark.parametrize("make", [lif, blocks.integrate_and_fire])
def test_the_surrogate_gradient_is_the_arctangents_and_reset_passes_none(make):
    x = torch.tensor([0.3, 1.0, 2.5], requires_grad=True)
    make()(x).sum().backward()
    share = 0.5 if make is lif else 1.0
    expected = share * 1 / (1 + (math.pi * (x.detach() * share - 1)) ** 2)
    torch.testing.assert_close(x.grad, expected)


def cornet_by_definition(state, x, nonlinearity, groups):
    """Outputs of the areas at each step of x (T, B, 3, H, W): {area: (T, B, ...)}; models.md's words in order."""
    nodes = {(area, place): nonlinearity() for area in AREAS for place in ("input", "1")}
    last, made = {}, {area: [] for area in AREAS}
    for frame in x:
        before, size = dict(last), frame.shape[-1]
        for number, area in enumerate(AREAS):
            weights = layer_of(state, area)
            size = math.ceil(size / (4 if area == "V1" else 2))
            channels = len(weights["conv_input.bias"])
            source = frame if area == "V1" else before.get(AREAS[number - 1])
            if source is None:
                drive = torch.zeros(len(frame), channels, size, size)
            else:
                kernel, stride = (7, 4) if area == "V1" else (3, 2)
                drive = functional.conv2d(
                    source, weights["conv_input.weight"], weights["conv_input.bias"], stride, kernel // 2
                )
                drive = functional.group_norm(drive, groups, weights["norm_input.weight"], weights["norm_input.bias"])
                drive = nodes[area, "input"](drive)
            skip = drive + before[area] if area in before else drive
            filtered = functional.conv2d(skip, weights["conv1.weight"], padding=1)
            filtered = functional.group_norm(filtered, groups, weights["norm1.weight"], weights["norm1.bias"])
            last[area] = nodes[area, "1"](filtered)
            made[area].append(last[area])
    return {area: torch.stack(values) for area, values in made.items()}


@pytest.mark.parametrize(
    ("name", "options", "size", "groups", "nonlinearity"),
    [
        ("cornet_tiny", {}, 64, 4, torch.nn.ReLU),
        ("cornet_tiny", {"node": lif}, 96, 4, lambda: Membrane(leak=True)),
        ("s_cornet", {}, 224, 32, lambda: Membrane(leak=True)),
        ("cornet", {}, 224, 32, torch.nn.ReLU),
    ],
)
def test_a_cornet_is_its_definition(name, options, size, groups, nonlinearity):
    model, x = with_recipe(name, **options), movie(6, size)[:, None]
    made = show(model, AREAS, x, [2, 4])
    expected = cornet_by_definition(model.state_dict(), x, nonlinearity, groups)
    for area in AREAS:
        torch.testing.assert_close(made[area], expected[area], rtol=1e-5, atol=1e-5)
        assert made[area][-1].any()


def test_a_frame_needs_four_steps_to_reach_it():
    model = with_recipe("cornet_tiny")
    x, changed = movie(6)[:, None], movie(6)[:, None].clone()
    changed[0] += 1
    one, other = (show(model, AREAS, frames) for frames in (x, changed))
    first = [next(step for step in range(6) if not torch.equal(one[area][step], other[area][step])) for area in AREAS]
    assert first == [0, 1, 2, 3]


def test_cornet_rt_is_five_steps_of_a_cornet_on_each_image():
    model, x = with_recipe("cornet_rt"), movie(2, 224)[:, None]
    expected = cornet_by_definition(model.state_dict(), x[:, 0].expand(5, *x[:, 0].shape), torch.nn.ReLU, 32)
    made = show(model, [*AREAS, "decoder.avgpool"], x)
    for area in AREAS:
        torch.testing.assert_close(made[area][:, 0], expected[area][-1], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(made["decoder.avgpool"][:, 0, :, 0, 0], expected["IT"][-1].mean((2, 3)))


def test_cornet_z_is_convolution_relu_and_pooling_four_times():
    model, x = with_recipe("cornet_z"), movie(3)[:, None]
    state, made, signal = model.state_dict(), show(model, AREAS, x), x[:, 0]
    for area in AREAS:
        kernel, stride = (7, 2) if area == "V1" else (3, 1)
        weights = layer_of(state, area)
        signal = functional.conv2d(signal, weights["conv.weight"], weights["conv.bias"], stride, kernel // 2).relu()
        signal = functional.max_pool2d(signal, 3, 2, 1)
        torch.testing.assert_close(made[area][:, 0], signal, rtol=1e-5, atol=1e-5)


def pathway_by_definition(state, clip, paths):
    """Outputs of the stem and of each block on clip (B, 3, T, H, W), and the concatenation."""

    def norm(x, name):
        keys = ("running_mean", "running_var", "weight", "bias")
        return functional.batch_norm(x, *(state[f"visualnet.{name}.{key}"] for key in keys))

    quarter = state["visualnet.s1.conv1.weight"]
    filters = torch.cat([quarter, *(torch.rot90(quarter, turns, (3, 4)) for turns in (1, 2, 3))])
    stem = norm(functional.conv3d(clip, filters, stride=(1, 2, 2), padding=(2, 3, 3)), "s1.bn1")
    stem = functional.max_pool3d(functional.leaky_relu(stem, 0.1), (1, 3, 3), (1, 2, 2), (0, 1, 1))
    made, ends = {"visualnet.s1.pool_layer": stem}, []
    for path in range(1, paths + 1):
        x = stem
        for block in range(10):
            name, frames = f"path{path}.res_blocks.res{block}", 1 if block % 2 == 0 else 3
            weights = layer_of(state, f"visualnet.{name}")
            main = functional.conv3d(x, weights["branch2.a.weight"], padding=(frames // 2, 0, 0))
            main = norm(main, f"{name}.branch2.a_bn").relu()
            main = norm(
                functional.conv3d(main, weights["branch2.b.weight"], padding=(0, 1, 1)), f"{name}.branch2.b_bn"
            ).relu()
            main = norm(functional.conv3d(main, weights["branch2.c.weight"]), f"{name}.branch2.c_bn")
            if block == 0:
                x = norm(functional.conv3d(x, weights["branch1.weight"]), f"{name}.branch1_bn")
            made[f"visualnet.{name}"] = x = (x + main).relu()
        ends.append(x)
    return made, torch.cat(ends, dim=1)


@pytest.mark.parametrize("paths", [1, 2])
def test_pathways_are_their_definition_and_put_out_the_average_over_space(paths):
    model, x = with_recipe(f"resnet_{paths}p_ar"), movie(5, 32)[:, None]
    expected, end = pathway_by_definition(model.state_dict(), x.permute(1, 2, 0, 3, 4), paths)
    made = show(model, [*expected, "avgpool"], x)
    for layer, values in expected.items():
        torch.testing.assert_close(made[layer], values.movedim(2, 0), rtol=1e-4, atol=1e-4)
    pooled = end.mean((3, 4))
    torch.testing.assert_close(made["avgpool"][..., 0, 0], pooled.movedim(2, 0), rtol=1e-4, atol=1e-4)
    with torch.inference_mode():
        torch.testing.assert_close(model(x), pooled.movedim(2, 0), rtol=1e-4, atol=1e-4)


def test_dropping_in_the_pathways_is_for_training_alone():
    model, x = with_recipe("resnet_2p_ar"), movie(5, 32)[:, None]
    torch.manual_seed(0)
    with torch.no_grad():
        assert torch.equal(model(x), model(x))
        for module in model.train().modules():
            if isinstance(module, torch.nn.BatchNorm3d):
                module.eval()
        assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize(("join", "expected"), [("add", [0, 1, 1, 2]), ("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1])])
def test_main_path_and_shortcut_join_as_named(join, expected):
    x, y = torch.tensor([0.0, 0, 1, 1]), torch.tensor([0.0, 1, 0, 1])
    assert blocks.JOINS[join](x, y).tolist() == expected
    stage = build.create("lorafb_snet_tiny", join=join).recurrent_layer2
    assert all(block.join is blocks.JOINS[join] for block in stage.sub_module)


def test_the_feedback_of_a_silent_first_step_passes_its_norm_and_neuron():
    model = with_recipe("lorafb_snet_tiny")
    stage = model.recurrent_layer2
    heard = []
    handle = stage.sn1.register_forward_hook(lambda module, inputs, output: heard.append(inputs[0]))
    with torch.inference_mode():
        model(movie(1)[:, None])
    handle.remove()
    norm = stage.bn1
    silent = norm.bias - norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
    torch.testing.assert_close(heard[0], silent[None, :, None, None].expand_as(heard[0]))


def test_the_first_stage_feeds_its_own_output_back_and_the_others_one_of_their_inputs_size():
    model = with_recipe("lorafb_snet_tiny")
    fused = {}
    hooks = [
        getattr(model, f"recurrent_layer{n}").pwconv.register_forward_hook(
            lambda module, inputs, output, n=n: fused.setdefault(n, []).append(inputs[0])
        )
        for n in (1, 2)
    ]
    made = show(model, ["recurrent_layer1", "maxpool"], movie(3)[:, None])
    for hook in hooks:
        hook.remove()
    width, wider = model.conv1.out_channels, model.recurrent_layer2.out_channels
    assert torch.equal(fused[1][0][:, :width], made["maxpool"][0])
    assert not fused[1][0][:, width:].any()
    assert torch.equal(fused[1][2][:, width:], made["recurrent_layer1"][1])
    assert fused[2][0].shape == (1, width + wider, 16, 16)


def test_initial_convolutions_are_kaimings_by_what_goes_out():
    torch.manual_seed(3)
    model = build.create("lorafb_snet18")
    for weight, fan in (
        (model.recurrent_layer4.sub_module[1].conv1.weight, 512 * 9),
        (model.recurrent_layer4.dwconv.weight, 512 * 9),
        (model.recurrent_layer4.pwconv.weight, 256),
    ):
        assert weight.std().item() == pytest.approx(math.sqrt(2 / fan), rel=0.05)
        assert abs(weight.mean().item()) < 0.1 * math.sqrt(2 / fan)


def test_a_basic_and_a_bottleneck_block_have_their_stride_where_published():
    with torch.device("meta"):
        basic, bottleneck = build.create("sew_resnet18").layer2[0], build.create("sew_resnet50").layer2[0]
    assert (basic.conv1.stride, basic.conv2.stride) == ((2, 2), (1, 1))
    strides = (bottleneck.conv1.stride, bottleneck.conv2.stride, bottleneck.conv3.stride)
    assert strides == ((1, 1), (2, 2), (1, 1))


def test_layers_that_count_spikes_hold_small_integers():
    for name in ("lorafb_snet_tiny", "sew_resnet_tiny"):
        record = catalogue.network(name)
        assert record.spiking
        for layer, values in show(with_recipe(name), record.scored, movie(8)[:, None]).items():
            assert layer == "avgpool" or torch.equal(values, values.round())
            assert 0.01 < (values > 0).float().mean() < 0.99, layer
