"""`lorafb dataset` and `lorafb check --against`: what a person has, held against what there should be."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from published_files import lorafb
from torch.nn.functional import interpolate

CLIP = Path(__file__).parents[2] / "data" / "real" / "clips" / "test.avi"


@pytest.fixture
def ucf101(tmp_path):
    lists, videos = tmp_path / "ucf" / "ucfTrainTestlist", tmp_path / "ucf" / "UCF-101" / "ApplyEyeMakeup"
    lists.mkdir(parents=True)
    videos.mkdir(parents=True)
    (lists / "classInd.txt").write_text("1 ApplyEyeMakeup\n2 Archery\n")
    (lists / "trainlist01.txt").write_text("ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\n")
    (lists / "testlist01.txt").write_text("ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi\n")
    for group in ("g08", "g01"):
        shutil.copy(CLIP, videos / f"v_ApplyEyeMakeup_{group}_c01.avi")
    return tmp_path


def test_what_is_missing_of_ucf101_is_listed_with_where_to_get_it(ucf101, capsys):
    assert lorafb(ucf101, ["dataset", "ucf101", "ucf"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "- 1 class folders missing in ucf/UCF-101: Archery\n" in printed.err
    assert "- classes: 1, expected 101\n" in printed.err
    assert "www.crcv.ucf.edu" in printed.err


def test_a_subset_of_ucf101_may_be_taken(ucf101, capsys):
    assert lorafb(ucf101, ["dataset", "ucf101", "ucf", "--subset"]) == 0
    assert capsys.readouterr().out == (
        "ucf101 in ucf: classes: 1 of 101, training videos: 1 of 9537, test videos: 1 of 3783\n"
        "a subset, taken as it is\n"
    )


def test_what_is_missing_of_imagenet_is_listed(tmp_path, capsys):
    assert lorafb(tmp_path, ["dataset", "imagenet", "images"]) == 2
    printed = capsys.readouterr().err
    assert "- no folder images/train\n- no folder images/val\n" in printed
    assert "ILSVRC2012_img_train.tar" in printed


def test_wrong_arguments_are_one_line(tmp_path, capsys):
    for arguments, message in (
        (["imagenet", "DIR", "--split", "1"], "splits 1 to 3 are UCF101's"),
        (["ucf101", "DIR", "--split", "4"], "invalid choice"),
        (["ucf", "DIR"], "invalid choice"),
    ):
        assert lorafb(tmp_path, ["dataset", *arguments]) == 2, arguments
        printed = capsys.readouterr().err
        assert message in printed, arguments
        assert printed.count("\n") == 1, arguments


def test_a_published_tensor_is_measured_against_the_frames_that_were_shown(tmp_path, capsys):
    template = np.random.default_rng(0).integers(0, 256, (5, 40, 70), dtype=np.uint8)
    np.save(tmp_path / "template.npy", template)
    grey = torch.from_numpy(template)[:, None].expand(-1, 3, -1, -1) / 255
    torch.save((interpolate(grey, size=(32, 32), mode="bilinear") - 0.5) / 0.5, tmp_path / "stimulus.pt")

    assert lorafb(tmp_path, ["check", "stimulus.pt", "--against", "template.npy"]) == 0
    kind, nearest, *others = capsys.readouterr().out.splitlines()
    assert kind == "stimulus.pt: published stimulus of 5 frames, 32x32 pixels, normalised"
    assert nearest.startswith("  nearest: template.npy without antialias, normalised 'half': differs by ")
    assert [float(number) for number in re.findall(r"by ([\d.e-]+)", nearest)] == pytest.approx([0, 0], abs=2e-6)
    assert len(others) == 3


def test_frames_of_another_number_are_not_measured(tmp_path, capsys):
    np.save(tmp_path / "template.npy", np.zeros((6, 40, 70), np.uint8))
    torch.save(torch.zeros(5, 3, 32, 32), tmp_path / "stimulus.pt")
    assert lorafb(tmp_path, ["check", "stimulus.pt", "--against", "template.npy"]) == 2
    assert "stimulus.pt: 5 frames of 32x32 pixels, expected 6 frames as high as wide\n" in capsys.readouterr().err
