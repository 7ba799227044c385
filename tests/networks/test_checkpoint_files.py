"""Checkpoints: every published family loads strictly; all else is one clear line, and nothing of a file is ever run."""

import argparse
import os
import pickle

import numpy as np
import pytest
import recipe
import torch
from network_goldens import published_weights

from lorafb.files import InputError
from lorafb.networks import catalogue, checkpoint, state_dict_match
from lorafb.networks.build import create

torch.set_num_threads(1)
TINY = "lorafb_snet_tiny"
FAMILIES = [
    ("lorafb_snet18", "ucf101"),
    ("sew_resnet18", "imagenet"),
    ("s_cornet", "ucf101"),
    ("cornet_z", "imagenet"),
    ("cornet_rt", "imagenet"),
    ("resnet_1p_ar", "ucf101"),
    ("resnet_2p_ar", "ucf101"),
    ("resnet_1p_cpc", "ucf101"),
    ("resnet_2p_cpc", "ucf101"),
]
REST = [
    *((f"{family}{depth}", "ucf101") for family in ("lorafb_snet", "sew_resnet") for depth in (34, 50, 101, 152)),
    *((f"lorafb_cnet{depth}", "ucf101") for depth in (18, 34, 50, 101, 152)),
    ("cornet", "ucf101"),
    ("cornet_s", "imagenet"),
]


def published(path, name, training, **more):
    """Write a checkpoint as its authors did; return its weights."""
    classes = catalogue.network(name).feed(training).classes
    weights = published_weights(name, classes)
    root, prefix = recipe.layout(name)
    content = {root: {prefix + key: value for key, value in weights.items()}, "epoch": 99}
    if root == "model":
        told = {"model_name": name, "lr": 0.1, "resume": None, "amp": True}
        if training == "ucf101":
            told["dataset"] = "UCF101"
        content["args"] = argparse.Namespace(**told)
        content["optimizer"] = {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 0.1}]}
        content["max_test_acc"] = 61.25
    if name.startswith("resnet_"):
        content["best_acc"] = np.float64(0.25)
    torch.save(content | more, path)
    return weights


def tiny(path, change=lambda content: None, **save):
    """Write a published checkpoint of the smallest network, changed."""
    weights = dict(checkpoint.initial(TINY, 8, 0).state_dict)
    content = {"model": weights, "args": argparse.Namespace(model_name=TINY)}
    change(content)
    torch.save(content, path, **save)
    return path


def refusal(call, *arguments):
    """The one line with which a call refuses."""
    with pytest.raises(InputError) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def equal(one, other):
    assert list(one) == list(other)
    for key in one:
        assert one[key].dtype == other[key].dtype
        assert torch.equal(one[key], other[key]), key


@pytest.mark.parametrize(
    ("name", "training"), [*FAMILIES, *(pytest.param(*case, marks=pytest.mark.slow) for case in REST)]
)
def test_a_published_checkpoint_loads_strictly_and_goes_to_our_format_and_back(name, training, tmp_path):
    weights = published(tmp_path / "published.pth.tar", name, training)
    if name.endswith("cpc"):  # one module under two names: loaded in order, the last one stays
        model = create(name)
        model.load_state_dict(weights)
        assert torch.equal(model.agg.ConvGRUCell_00.out_gate.bias, weights["agg.cell_list.0.out_gate.bias"])
    read = checkpoint.read(tmp_path / "published.pth.tar", name, training)
    assert (read.network, read.training, read.classes) == (
        name,
        training,
        catalogue.network(name).feed(training).classes,
    )
    equal(read.state_dict, weights)

    checkpoint.write(tmp_path / "ours.pt", read)
    ours = checkpoint.read(tmp_path / "ours.pt")
    assert (ours.network, ours.training, ours.classes, ours.meta) == (name, training, read.classes, read.meta)
    equal(ours.state_dict, weights)

    checkpoint.to_published(ours, tmp_path / "again.pth")
    again = checkpoint.read(tmp_path / "again.pth", name)
    assert (again.training, again.classes) == (training, read.classes)
    equal(again.state_dict, weights)


def test_a_file_converted_back_holds_what_the_published_code_looks_for(tmp_path):
    published(tmp_path / "a.pth", "lorafb_snet18", "ucf101")
    checkpoint.to_published(checkpoint.read(tmp_path / "a.pth"), tmp_path / "b.pth")
    with torch.serialization.safe_globals([argparse.Namespace]):
        first, second = (torch.load(tmp_path / file, weights_only=True) for file in ("a.pth", "b.pth"))
    assert first["args"] == second["args"]
    assert (second["epoch"], second["max_test_acc"]) == (99, 61.25)
    assert list(first["model"]) == list(second["model"])


@pytest.mark.parametrize("old_file_format", [False, True])
def test_files_of_both_of_torchs_formats_load(old_file_format, tmp_path):
    path = tiny(tmp_path / "a.pth", _use_new_zipfile_serialization=not old_file_format)
    assert checkpoint.read(path).network == TINY


def test_what_only_one_network_fits_needs_no_name(tmp_path):
    published(tmp_path / "a.pth", "cornet_z", "imagenet")
    assert checkpoint.read(tmp_path / "a.pth").network == "cornet_z"
    published(tmp_path / "b.pth", "cornet_rt", "imagenet")  # its keys are also cornet's, its prefix is not
    assert checkpoint.read(tmp_path / "b.pth").network == "cornet_rt"


def test_twins_with_equal_keys_must_be_named(tmp_path):
    path = tiny(tmp_path / "a.pth", lambda content: content.pop("args"))
    told = refusal(checkpoint.read, path)
    assert told.endswith(
        "does not say which network it is; it fits lorafb_cnet_tiny: say which"
    )  # never the spiking one
    assert checkpoint.read(path, "lorafb_cnet_tiny").network == "lorafb_cnet_tiny"


def test_a_name_in_args_that_is_another_is_an_error(tmp_path):
    path = tiny(tmp_path / "a.pth")
    assert (
        refusal(checkpoint.read, path, "lorafb_cnet_tiny")
        == f"{path}: says that it is a {TINY}, not a lorafb_cnet_tiny"
    )
    strange = tiny(tmp_path / "b.pth", lambda content: content.update(args=argparse.Namespace(model_name="resnet50")))
    assert "says that it is a resnet50, not a" in refusal(checkpoint.read, strange, TINY)
    assert "says that it is an unknown network 'resnet50'" in refusal(checkpoint.read, strange)
    lying = tiny(tmp_path / "c.pth", lambda content: content.update(args=argparse.Namespace(model_name="sew_resnet18")))
    told = refusal(checkpoint.read, lying)
    assert "not a sew_resnet18: " in told
    assert told.endswith("It fits: lorafb_snet_tiny, lorafb_cnet_tiny.")


def test_training_set_and_classes_must_agree_with_the_file(tmp_path):
    weights = checkpoint.initial("sew_resnet_tiny", 1000, 0).state_dict
    torch.save({"model": weights, "args": argparse.Namespace(model_name="sew_resnet_tiny")}, tmp_path / "a.pth")
    assert checkpoint.read(tmp_path / "a.pth").training == "imagenet"
    assert "has 1000 classes; a sew_resnet_tiny has, by training: motion 8, motion_subset 8" in refusal(
        checkpoint.read, tmp_path / "a.pth", None, "ucf101"
    )
    weights = checkpoint.initial("sew_resnet_tiny", 101, 0).state_dict
    told = argparse.Namespace(model_name="sew_resnet_tiny", dataset="UCF101")
    torch.save({"model": weights, "args": told}, tmp_path / "b.pth")
    assert "says that it was trained on ucf101, not on ucf101_subset" in refusal(
        checkpoint.read, tmp_path / "b.pth", None, "ucf101_subset"
    )
    assert "did you mean 'ucf101'" in refusal(checkpoint.read, tmp_path / "b.pth", None, "ucf10")


def test_differences_are_listed_by_kind(tmp_path):
    def change(content):
        weights = content["model"]
        del weights["fc.weight"], weights["fc.bias"]
        weights["conv1.weight"] = torch.zeros(5, 1, 7, 7)
        weights["bn1.weight"] = weights["bn1.weight"].int()
        weights["bn1.bias"] = "none"
        weights["head.weight"] = torch.zeros(1)

    path = tiny(tmp_path / "a.pth", change)
    width = checkpoint.initial(TINY, 8, 0).state_dict["conv1.weight"].shape[0]
    assert refusal(checkpoint.read, path, TINY) == (
        f"{path}: not a {TINY}: 2 keys missing (fc.weight, fc.bias), 1 surplus (head.weight),"
        f" 1 of another shape (conv1.weight: 5x1x7x7, expected {width}x3x7x7),"
        " 2 of another type (bn1.weight: int32, expected float32, bn1.bias: str, expected a plain tensor)"
    )


def test_many_differences_are_told_in_few_words():
    told = state_dict_match.differences(
        {f"key{n}": torch.zeros(1) for n in range(1000)}, state_dict_match.table("lorafb_snet152")
    )
    assert told == (
        "974 keys missing (conv1.weight, bn1.weight, bn1.bias and 971 more),"
        " 1000 surplus (key0, key1, key2 and 997 more)"
    )


def test_tensors_without_values_are_refused(tmp_path):
    def change(content):
        content["model"]["conv1.weight"] = content["model"]["conv1.weight"].to_sparse()
        content["model"]["fc.bias"] = torch.zeros(8, device="meta")

    told = refusal(checkpoint.read, tiny(tmp_path / "a.pth", change))
    assert "2 keys of another type (conv1.weight: torch.sparse_coo on cpu, expected a plain tensor, fc.bias:" in told


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_named(wrong, tmp_path):
    def change(content):
        content["model"]["fc.bias"][3:5] = wrong

    path = tiny(tmp_path / "a.pth", change)
    assert refusal(checkpoint.read, path) == f"{path}: fc.bias holds 2 values of 8 that are not finite"


def test_a_negative_variance_is_named(tmp_path):
    path = tiny(tmp_path / "a.pth", lambda content: content["model"]["bn1.running_var"].sub_(2))
    assert refusal(checkpoint.read, path).endswith("bn1.running_var holds a negative variance")


class Program:
    """Runs something when it is unpickled by a loader that lets it."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("place", ["args", "optimizer", "weight", "top"])
@pytest.mark.parametrize("old_file_format", [False, True])
def test_nothing_in_a_file_is_run(place, old_file_format, tmp_path):
    trace = tmp_path / "trace"
    for name, program in (
        ("posix.system", Program(os.system, f"touch {trace}")),
        ("eval", Program(eval, f"open({str(trace)!r}, 'w').close()")),
    ):

        def change(content, program=program):
            if place == "args":
                content["args"].model_name = program
            elif place == "weight":
                content["model"]["fc.bias"] = program
            else:
                content[place] = program

        path = tiny(tmp_path / "a.pth", change, _use_new_zipfile_serialization=not old_file_format)
        told = refusal(checkpoint.read, path, TINY)
        assert told.startswith(
            f"{path}: asks for {name}, which no weights need; nothing of it was run. Save the weights"
        )
        assert not trace.exists()
    plain = tmp_path / "plain.pth"
    plain.write_bytes(pickle.dumps({"model": Program(os.system, f"touch {trace}")}, protocol=2))
    refusal(checkpoint.read, plain, TINY)
    assert not trace.exists()
    pickle.loads(plain.read_bytes())  # the trap is a trap: a trusting loader runs it
    assert trace.exists()


@pytest.mark.parametrize("kept", [0, 1, 100, 0.3, 0.99])
def test_a_truncated_file_is_told(kept, tmp_path):
    path = tiny(tmp_path / "a.pth")
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    assert ("is empty" if kept == 0 else "is no readable checkpoint, or a truncated one") in refusal(
        checkpoint.read, path
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><title>Quota exceeded</title>", "is a web page, not a checkpoint"),
        (b"\x80\x02.", "is no readable checkpoint"),
        (b"a\n" * 999, "is no readable checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_told(content, message, tmp_path):
    (tmp_path / "a.pth").write_bytes(content)
    assert message in refusal(checkpoint.read, tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list, expected weights: a state dict, bare or under a key"),
        ({}, "holds nothing, expected weights: a state dict"),
        ({"epoch": 3, "loss": 0.5}, "holds epoch, loss, expected weights"),
        ({"format": torch.zeros(9, 9)}, "'format' is a Tensor, expected str"),
    ],
)
def test_other_contents_are_told(content, message, tmp_path):
    torch.save(content, tmp_path / "a.pth")
    assert message in refusal(checkpoint.read, tmp_path / "a.pth")


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert refusal(checkpoint.read, tmp_path / "a.pth") == f"{tmp_path / 'a.pth'}: no such file"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", "other", "holds format 'other', expected 'lorafb-checkpoint'"),
        ("format_version", 2, "has version 2 of lorafb-checkpoint, this program reads version 1"),
        ("classes", "8", "'classes' is a str, expected int"),
        ("classes", 9, "says 9 classes, and its classifier has 8"),
        ("meta", "{", "'meta' is no JSON"),
        ("meta", "[]", "'meta' holds a list, expected an object"),
        ("state_dict", None, "'state_dict' is nothing, expected dict"),
    ],
)
def test_our_own_format_is_checked_as_well(key, value, message, tmp_path):
    checkpoint.write(tmp_path / "a.pt", checkpoint.initial(TINY, 8, 0))
    content = torch.load(tmp_path / "a.pt", weights_only=True)
    torch.save(content | {key: value}, tmp_path / "a.pt")
    assert message in refusal(checkpoint.read, tmp_path / "a.pt")


def test_equal_checkpoints_give_equal_bytes(tmp_path):
    names = [tmp_path / name for name in ("a.pt", "another name.pt", "c.pt")]
    checkpoint.write(names[0], checkpoint.initial(TINY, 8, 5))
    checkpoint.write(names[1], checkpoint.read(names[0]))
    shared = checkpoint.initial(TINY, 8, 5)
    state = {"".join(list(key)): torch.stack([value, value])[1] for key, value in shared.state_dict.items()}
    checkpoint.write(
        names[2], checkpoint.Checkpoint("".join(list(TINY)), "initial", 8, state, {"seed": 5, "kind": "initial"})
    )
    first, *others = (name.read_bytes() for name in names)
    assert all(other == first for other in others)


def test_initial_weights_follow_from_the_seed_and_leave_torchs_generator_alone():
    torch.manual_seed(9)
    expected = torch.rand(1)
    torch.manual_seed(9)
    one, same, other = (checkpoint.initial(TINY, 8, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    equal(one.state_dict, same.state_dict)
    assert not torch.equal(one.state_dict["conv1.weight"], other.state_dict["conv1.weight"])
    assert (one.training, one.classes, one.meta) == ("initial", 8, {"kind": "initial", "seed": 1})


def test_initial_weights_are_read_for_any_training_set(tmp_path):
    checkpoint.write(tmp_path / "a.pt", checkpoint.initial(TINY, 8, 5))
    assert checkpoint.read(tmp_path / "a.pt", TINY, "motion").training == "initial"


def test_a_restored_network_has_the_weights_and_is_ready_to_look():
    saved = checkpoint.initial(TINY, 8, 5)
    model = checkpoint.restore(saved)
    equal(dict(model.state_dict()), saved.state_dict)
    assert not model.training


def test_an_own_network_has_checkpoints_too(tmp_path):
    record = catalogue.own(
        "mine", "lorafb.networks.cornet_static:cornet_z", ["V1"], catalogue.Feed(kind="still", classes=5)
    )
    checkpoint.write(tmp_path / "a.pt", checkpoint.initial(record, 5, 0))
    read = checkpoint.read(tmp_path / "a.pt", record)
    assert (read.network, read.classes) == ("mine", 5)
    assert checkpoint.restore(read, record).decoder.linear.out_features == 5
    assert "says that it is a mine, not a cornet_z" in refusal(checkpoint.read, tmp_path / "a.pt", "cornet_z")


def test_a_description_says_family_network_and_what_is_wrong(tmp_path):
    path = tiny(tmp_path / "a.pth")
    assert checkpoint.describe(path) == (f"weights under 'model'; says {TINY}, fits lorafb_snet_tiny, lorafb_cnet_tiny")
    published(tmp_path / "b.pth", "resnet_1p_cpc", "ucf101")
    assert checkpoint.describe(tmp_path / "b.pth") == (
        "weights under 'state_dict', prefix 'module.' taken off; fits resnet_1p_cpc"
    )
    broken = tiny(tmp_path / "c.pth", lambda content: content["model"].pop("fc.bias"))
    entries = len(checkpoint.initial(TINY, 8, 0).state_dict) - 1
    assert refusal(checkpoint.describe, broken) == (
        f"{broken}: weights under 'model' ({entries} entries); says {TINY}, which its keys do not fit;"
        f" not a {TINY}: 1 key missing (fc.bias)"
    )
    (tmp_path / "d.pth").write_bytes(b"")
    assert refusal(checkpoint.describe, tmp_path / "d.pth") == f"{tmp_path / 'd.pth'}: is empty"


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.pt"
    checkpoint.write(path, checkpoint.initial(TINY, 8, 5))
    before = path.read_bytes()
    with pytest.raises(TypeError):
        checkpoint.write(path, checkpoint.Checkpoint(TINY, "initial", 8, {}, {"meta": object()}))
    with pytest.raises(AttributeError):
        checkpoint.write(path, checkpoint.Checkpoint(TINY, "initial", 8, {"a": "no tensor"}, {}))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.pt"]
