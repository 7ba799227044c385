"""Weights of one's own network as people save them load strictly; what is taken off is said; nothing is ever run."""

import argparse
import collections
import datetime
import importlib
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import types
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from lorafb.files import InputError
from lorafb.networks import catalogue, checkpoint

torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.second = nn.Conv2d(4, 4, 3)
        self.classifier = nn.Linear(4, classes)


OWN = catalogue.own("mine", f"{__name__}:Net", ["first", "second"], catalogue.Feed(kind="still", classes=10))


def net(seed=0):
    torch.manual_seed(seed)
    model = Net(10)
    model.first[1].running_mean += torch.arange(4) / 3
    return model


def state(seed=0):
    return dict(net(seed).state_dict())


def prefixed(prefix, weights=None):
    return {prefix + key: value for key, value in (weights or state()).items()}


def cast(dtype):
    return {key: value.to(dtype) if value.is_floating_point() else value for key, value in state().items()}


def refusal(call, *arguments, **named):
    with pytest.raises(InputError) as error:
        call(*arguments, **named)
    assert "\n" not in str(error.value)
    return str(error.value)


OLD = {key: value for key, value in state().items() if "num_batches" not in key}
HALF = cast(torch.float16)
SAVED = {  # what is in the file, what is said of it
    "bare": (state(), "weights at the top"),
    "tutorial": (
        {
            "epoch": 3,
            "model_state_dict": state(),
            "optimizer_state_dict": {"state": {0: {"m": torch.ones(2)}}},
            "loss": torch.tensor(0.3),
        },
        "weights under 'model_state_dict'",
    ),
    **{
        key: ({key: state(), "epoch": 1}, f"weights under '{key}'")
        for key in ("state_dict", "net", "weights", "params", "ema", "G")
    },
    "nested keys": ({"state": {"model": state()}}, "weights under 'state/model'"),
    "tuple": ((state(), {"lr": 0.1}), "weights under '0'"),
    "compiled": ({"state_dict": prefixed("_orig_mod.")}, "weights under 'state_dict', prefix '_orig_mod.' taken off"),
    "parallel": ({"model": nn.DataParallel(net()).state_dict()}, "weights under 'model', prefix 'module.' taken off"),
    "averaged": (
        {"model_ema": torch.optim.swa_utils.AveragedModel(net()).state_dict()},
        "weights under 'model_ema', prefix 'module.' taken off, 1 entries beside the network left out (n_averaged)",
    ),
    "nested prefixes": (
        prefixed("_orig_mod.module.model."),
        "weights at the top, prefix '_orig_mod.module.model.' taken off",
    ),
    "lightning": (
        {
            "state_dict": {**prefixed("net."), "criterion.weight": torch.ones(3)},
            "hyper_parameters": {"lr": 0.1},
            "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_k_models": {}}},
            "pytorch-lightning_version": "2.4",
        },
        "weights under 'state_dict', prefix 'net.' taken off, 1 entries beside the network left out (criterion.weight)",
    ),
    "profiled": (
        {**state(), "total_ops": torch.zeros(1), "first.0.total_params": torch.zeros(1)},
        "weights at the top, 2 entries beside the network left out (total_ops, first.0.total_params)",
    ),
    "old": (
        {"state_dict": OLD},
        "weights under 'state_dict', no num_batches_tracked in it (1 set to 0, which evaluation does not read)",
    ),
    "half": ({"state_dict": HALF}, "weights under 'state_dict', float16 converted to float32"),
    "bfloat16": (cast(torch.bfloat16), "weights at the top, bfloat16 converted to float32"),
    "double": (cast(torch.float64), "weights at the top, float64 converted to float32"),
    "parameters": (dict(net().named_parameters()) | dict(net().named_buffers()), "weights at the top"),
    "arrays": ({key: value.numpy() for key, value in state().items()}, "weights at the top"),
    "harmless classes": (
        {
            "model": collections.OrderedDict(state()),
            "args": argparse.Namespace(lr=0.1, device=torch.device("cpu"), out=pathlib.Path("runs/1")),
            "best": np.float32(0.5),
            "worst": [np.float16(1.5), np.int64(3), np.uint8(4), np.bool_(True), np.float64(0.25)],
            "complex": np.complex64(1j),
            "history": np.arange(6.0).reshape(2, 3),
            "big_endian": np.arange(3, dtype=">i2"),
            "when": datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
            "log": collections.defaultdict(list, {"loss": [1.0]}),
            "recent": collections.deque([1, 2], maxlen=5),
            "counts": collections.Counter("aab"),
            "config": types.SimpleNamespace(depth=3),
            "random": np.random.RandomState(1).get_state(),
            "versions": torch.__version__,
        },
        "weights under 'model'",
    ),
}


@pytest.mark.parametrize("old_file_format", [False, True])
@pytest.mark.parametrize("case", SAVED)
def test_weights_load_strictly_however_they_were_saved(case, old_file_format, tmp_path):
    content, found = SAVED[case]
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=not old_file_format)
    read = checkpoint.read(tmp_path / "a.pth", OWN, "own")
    assert read.meta["found"] == found
    assert list(read.state_dict) == list(state())
    for key, value in state().items():
        if case in ("half", "bfloat16") and value.is_floating_point():
            value = value.to(content["state_dict"]["second.bias"].dtype if case == "half" else torch.bfloat16).to(
                value.dtype
            )
        assert read.state_dict[key].dtype == value.dtype
        assert torch.equal(read.state_dict[key], value), key
    checkpoint.restore(read, OWN)
    assert "mine" not in checkpoint.describe(tmp_path / "a.pth")


def test_settings_beside_the_weights_are_kept_where_they_are_plain(tmp_path):
    torch.save(SAVED["harmless classes"][0], tmp_path / "a.pth")
    meta = checkpoint.read(tmp_path / "a.pth", OWN, "own").meta
    assert (meta["best"], meta["worst"], meta["args"]) == (0.5, [1.5, 3, 4, True, 0.25], {"lr": 0.1})
    assert meta["versions"] == str(torch.__version__)


def test_safetensors_are_read(tmp_path):
    safetensors.torch.save_file(prefixed("module.", HALF), tmp_path / "a.safetensors", {"format": "pt", "lr": "0.1"})
    read = checkpoint.read(tmp_path / "a.safetensors", OWN, "own")
    assert read.meta == {
        "lr": "0.1",
        "found": "safetensors at the top, prefix 'module.' taken off, float16 converted to float32",
    }
    assert torch.equal(read.state_dict["second.bias"], HALF["second.bias"].float())
    whole = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "b.safetensors").write_bytes(whole[:-9])
    assert "b.safetensors: is no readable safetensors file, or a truncated one" in refusal(
        checkpoint.read, tmp_path / "b.safetensors", OWN
    )


def test_what_a_file_says_of_another_training_does_not_hinder_ones_own_network(tmp_path):
    torch.save(
        {"model": state(), "args": argparse.Namespace(model_name="resnet50", dataset="UCF101")}, tmp_path / "a.pth"
    )
    assert checkpoint.read(tmp_path / "a.pth", OWN, "own").training == "own"


def test_errors_of_ones_own_network_do_not_name_the_catalogues(tmp_path):
    weights = state()
    del weights["second.bias"]
    torch.save({"state_dict": prefixed("module.", weights), "epoch": 3}, tmp_path / "a.pth")
    assert (
        refusal(checkpoint.read, tmp_path / "a.pth", OWN)
        == f"{tmp_path / 'a.pth'}: not a mine: 1 key missing (second.bias)"
    )


def test_of_two_sets_of_weights_one_must_be_chosen(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"model": state(0), "model_ema": prefixed("module.", state(1))}, path)
    assert refusal(checkpoint.read, path, OWN) == (
        f"{path}: holds several sets of weights of a mine: 'model', 'model_ema/module'; say which by `entry`"
    )
    read = checkpoint.read(path, OWN, entry="model_ema/module")
    assert torch.equal(read.state_dict["second.bias"], state(1)["second.bias"])
    assert read.meta["found"].endswith("entry 'model_ema/module' of 'model', 'model_ema/module'")
    assert refusal(checkpoint.read, path, OWN, entry="ema") == (
        f"{path}: entry 'ema' is no set of weights of a mine; it has 'model', 'model_ema/module'"
    )
    torch.save({**prefixed("student."), **prefixed("teacher.", state(1))}, path)
    assert "'student', 'teacher'; say which" in refusal(checkpoint.read, path, OWN)
    assert torch.equal(checkpoint.read(path, OWN, entry="teacher").state_dict["second.bias"], state(1)["second.bias"])
    torch.save({"model": state(0), "best": state(0)}, path)  # twice the same weights
    assert checkpoint.read(path, OWN).meta["found"] == "weights under 'model', entry 'model' of 'model', 'best'"


# ------------------------------------------------------------------------------------------------ look-alikes


def test_weights_that_may_be_an_ordinary_networks_are_refused_for_a_spiking_one(tmp_path):
    import torchvision

    path = tmp_path / "resnet.pth"
    torch.save(torchvision.models.resnet18().state_dict(), path)
    told = refusal(checkpoint.read, path, "sew_resnet18", "imagenet")
    assert "nothing in it says that it is of a spiking network" in told
    assert "set `unmarked: true`" in told
    for line in (checkpoint.describe(path), refusal(checkpoint.read, path), refusal(checkpoint.read, path, "cornet_z")):
        assert "sew" not in line
    read = checkpoint.read(path, "sew_resnet18", "imagenet", unmarked=True)
    assert read.meta == {"found": "weights at the top", "unmarked": True}


@pytest.mark.parametrize("name", ["lorafb_cnet_tiny", "sew_resnet_tiny"])
def test_weights_that_need_no_mark_or_have_one_are_not_unmarked(name, tmp_path):
    checkpoint.to_published(checkpoint.initial(name, 8, 0), tmp_path / "a.pth")
    assert checkpoint.read(tmp_path / "a.pth", name).network == name
    assert "`unmarked` has no place here" in refusal(checkpoint.read, tmp_path / "a.pth", name, unmarked=True)


# ------------------------------------------------------------------------------------------------ hostile files


class Call:
    """Calls something when it is unpickled by a loader that lets it."""

    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call


def calls(trace):
    """Objects whose unpickling makes the file `trace`."""
    touch = f"open({str(trace)!r}, 'w').close()"
    return {
        "os.system": Call(os.system, f"touch {trace}"),
        "eval": Call(eval, touch),
        "exec": Call(exec, touch),
        "import": Call(importlib.import_module, "antigravity"),
        "subprocess": Call(subprocess.check_call, ["touch", str(trace)]),
        "path": Call(pathlib.Path.touch, pathlib.Path(trace)),
        "pickle": Call(pickle.loads, pickle.dumps(Call(eval, touch))),
        "torch.load": Call(torch.load, str(trace)),
        "torch.storage": Call(torch.storage._load_from_bytes, pickle.dumps(Call(eval, touch))),
        "torch.hub": Call(torch.hub.load, "user/repository", "entry"),
        "numpy.load": Call(np.load, str(trace)),
        "object array": np.array([Call(eval, touch)], dtype=object),
        "structured dtype": np.dtype([("a", "O")]),
        "BUILD": Call(Net, 10, state={"forward": Call(eval, touch)}),
    }


def memory(trace):
    """A pickle in which bytes would pass for pointers to objects: a type of numbers with the flags of another."""
    dtype = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f8I00\nI01\ntR"
    state_ = b"(I3\nX\x01\x00\x00\x00|NX\x01\x00\x00\x00ac__builtin__\ndict\n)RI8\nI1\nI4\ntb"
    return b"\x80\x02}X\x01\x00\x00\x00a" + dtype + state_ + b"s."


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def opcodes(trace):
    """Pickles by the opcodes that a search for GLOBAL does not see, and tricks with names."""
    touch = text(f"touch {trace}")
    return {
        "INST": b"(" + touch + b"iposix\nsystem\n.",
        "OBJ": b"(cposix\nsystem\n" + touch + b"o.",
        "STACK_GLOBAL": b"\x80\x04" + text("posix") + text("system") + b"\x93" + touch + b"\x85R.",
        "FRAME": b"\x80\x04\x95" + struct.pack("<Q", 99) + text("posix") + text("system") + b"\x93" + touch + b"\x85R.",
        "NEWOBJ": b"\x80\x02csubprocess\nPopen\n" + text("ls") + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04csubprocess\nPopen\n" + text("ls") + b"\x85}\x92.",
        "EXT1": b"\x80\x02\x82\x01.",
        "getattr": b"\x80\x02c__builtin__\ngetattr\ncargparse\nNamespace\n" + text("__init__") + b"\x86R.",
        "dotted name": b"\x80\x02cargparse\nNamespace.__init__.__globals__\n.",
        "dotted module": b"\x80\x02cargparse.Namespace.__init__\n__globals__\n.",
        "a stand-in's globals": b"\x80\x02cnumpy\ndtype.__init__.__globals__\n.",
        "Python 2 name": b"\x80\x02c__builtin__\neval\n" + text("1") + b"\x85R.",
        "type made of state": b"\x80\x02cargparse\nNamespace\n)\x81}" + text("__class__") + b"cos\nsystem\nsb.",
        "scalar of objects": b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n" + text("O8") + b"\x85RN\x86R.",
        "persistent id": b"\x80\x02(" + text("module") + text("posix") + text("x") + text("cpu") + b"K\x01tQ.",
        "forged type": memory(trace),
    }


def torch_file(path, pickled):
    """A file of torch whose pickle is another."""
    torch.save({"model": state()}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, pickled if name.endswith("data.pkl") else content)


@pytest.mark.parametrize("place", ["model", "beside", "weight"])
@pytest.mark.parametrize("name", calls(""))
def test_no_call_in_a_file_is_made(name, place, tmp_path):
    trace = tmp_path / "trace"
    bad = calls(trace)[name]
    weights = state()
    content = {
        "model": lambda: {"model": bad},
        "beside": lambda: {"model": weights, "args": argparse.Namespace(out=bad)},
        "weight": lambda: {"model": {**weights, "second.bias": bad}},
    }[place]()
    for old in (False, True):
        torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=not old)
        told = refusal(checkpoint.read, tmp_path / "a.pth", OWN, "own")
        assert "nothing of it was run" in told, told
        assert not trace.exists()
        assert "antigravity" not in sys.modules


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("name", opcodes(""))
def test_no_trick_with_opcodes_or_names_is_run(name, bare, tmp_path):
    trace, path = tmp_path / "trace", tmp_path / "a.pth"
    pickled = opcodes(trace)[name]
    if bare:
        path.write_bytes(pickled)
    else:
        torch_file(path, pickled)
    told = refusal(checkpoint.read, path, OWN, "own")
    assert told.startswith(f"{path}: ")
    assert not trace.exists()


def test_the_traps_are_traps(tmp_path):
    """A trusting loader runs them."""
    trace = tmp_path / "trace"
    for pickled in (
        *(
            pickle.dumps(calls(trace)[name], protocol=2)
            for name in ("os.system", "eval", "subprocess", "path", "pickle")
        ),
        *(opcodes(trace)[name] for name in ("INST", "OBJ", "STACK_GLOBAL")),
    ):
        pickle.loads(pickled)
        assert trace.exists()
        trace.unlink()


def test_an_archive_that_would_unpack_to_more_than_it_is_is_refused(tmp_path):
    path = tmp_path / "bomb.pth"
    torch_file(path, b"\x80\x02}q\x00.")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/99", bytes(10**8))
    assert path.stat().st_size < 10**6
    assert "bytes, more than it has" in refusal(checkpoint.read, path, OWN)


def test_names_inside_an_archive_lead_nowhere(tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.pth"
    torch.save({"model": state()}, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../evil", b"x")
        archive.writestr(str(tmp_path / "evil"), b"x")
    refusal(checkpoint.read, path, OWN, "own")
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["a.pth", "in"]


def test_a_tensor_that_pretends_to_be_huge_takes_no_memory(tmp_path):
    torch.save({"model": {**state(), "second.weight": torch.zeros(1).expand(10**6, 10**6)}}, tmp_path / "a.pth")
    assert "1 key of another shape (second.weight: 1000000x1000000, expected 4x4x3x3)" in refusal(
        checkpoint.read, tmp_path / "a.pth", OWN
    )


def test_a_whole_network_is_told_to_be_saved_as_weights(tmp_path):
    torch.save(net(), tmp_path / "a.pth")
    told = refusal(checkpoint.read, tmp_path / "a.pth", OWN)
    assert told.endswith("nothing of it was run. Save the weights alone: torch.save(model.state_dict(), file)")
    torch.save(state(), tmp_path / "c.pt", pickle_protocol=4)
    assert "was saved with pickle_protocol 4 or 5" in refusal(checkpoint.read, tmp_path / "c.pt", OWN)
