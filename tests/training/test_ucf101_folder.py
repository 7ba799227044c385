"""A folder of UCF101 in miniature: what is missing is named, and frames are made of what is there."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from lorafb.files import InputError
from lorafb.stimuli import video
from lorafb.training import ucf101, video_frames

CLASSES = ("Archery", "Biking", "Diving")
CLIP = Path(__file__).parents[2] / "data" / "real" / "clips" / "test.avi"


def film(path, frames, seed=0):
    """Write a small .avi."""
    draws = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        for _ in range(frames):
            picture = np.kron(draws.integers(0, 256, (4, 6, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ucf")
    lists = folder / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_text("".join(f"{number} {name}\r\n" for number, name in enumerate(CLASSES, 1)))
    training = [f"{name}/v_{name}_g08_c0{clip}.avi {label}" for label, name in enumerate(CLASSES, 1) for clip in (1, 2)]
    test = [f"{name}/v_{name}_g01_c01.avi" for name in CLASSES]
    (lists / "trainlist01.txt").write_text("\r\n".join(training) + "\r\n")
    (lists / "testlist01.txt").write_text("\n".join(test) + "\n\n")
    for seed, line in enumerate(training + test):
        film(folder / "UCF-101" / line.split()[0], frames=16 if seed == 3 else 17 + seed, seed=seed)
    return folder


@pytest.fixture
def folder(original, tmp_path, monkeypatch):
    monkeypatch.setattr(ucf101, "CLASSES", 3)
    monkeypatch.setattr(ucf101, "VIDEOS", {1: (6, 3)})
    return Path(shutil.copytree(original, tmp_path / "ucf"))


def test_the_published_splits_have_all_videos_in_one_of_two_lists():
    assert {sum(counts) for counts in ucf101.VIDEOS.values()} == {13_320}
    assert ucf101.VIDEOS[1] == (9537, 3783)
    assert ucf101.CLASSES == 101


def test_a_whole_set_is_complete(folder):
    report = ucf101.check(folder)
    assert report.problems == ()
    assert report.lines == [
        f"ucf101 in {folder}: classes: 3 of 3, training videos: 6 of 6, test videos: 3 of 3",
        "complete",
    ]
    assert report.table[["found", "expected"]].values.tolist() == [[3, 3], [6, 6], [3, 3]]
    report.must_be_right()


def test_labels_count_from_0_in_the_order_of_the_list_of_classes(folder):
    lists = ucf101.read_lists(folder)
    assert lists.classes == CLASSES
    assert [video.label for video in lists.videos] == [0, 0, 1, 1, 2, 2, 0, 1, 2]
    assert [video.split for video in lists.videos] == ["training"] * 6 + ["test"] * 3


def test_class_folders_and_lists_may_lie_in_the_folder_itself(folder):
    for part in ("UCF-101", "ucfTrainTestlist"):
        for path in (folder / part).iterdir():
            path.rename(folder / path.name)
        (folder / part).rmdir()
    assert ucf101.check(folder).problems == ()


def test_every_missing_part_is_named_with_where_to_get_it(folder):
    shutil.rmtree(folder / "UCF-101" / "Biking")
    (folder / "UCF-101" / "Diving" / "v_Diving_g08_c02.avi").unlink()
    (folder / "UCF-101" / "Bikeing").mkdir()
    report = ucf101.check(folder)
    assert report.problems == (
        f"1 class folders missing in {folder / 'UCF-101'}: Biking",
        "Diving: 1 of 3 videos missing: v_Diving_g08_c02.avi",
        "classes: 2, expected 3",
        "training videos: 3, expected 6",
        "test videos: 2, expected 3",
    )
    assert report.remarks == ("folder Bikeing is no class of classInd.txt; did you mean 'Biking'?",)
    assert "crcv.ucf.edu" in report.lines[-1]
    with pytest.raises(InputError, match=r"Biking and 4 more like it; `lorafb dataset ucf101 .*` says all of it"):
        report.must_be_right()


def test_a_subset_is_taken_and_called_so_as_long_as_each_list_has_a_video(folder):
    shutil.rmtree(folder / "UCF-101" / "Biking")
    report = ucf101.check(folder, subset=True)
    assert report.problems == ()
    assert report.lines[-1] == "a subset, taken as it is"
    for name in ("Archery", "Diving"):
        (folder / "UCF-101" / name / f"v_{name}_g01_c01.avi").unlink()
    assert ucf101.check(folder, subset=True).problems == ("test videos: none",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda whole: whole[:-1], r"is cut off: \d+ of \d+ bytes"),
        (lambda whole: b"", "is no .avi video"),
        (lambda whole: b"<html>quota exceeded</html>", "is no .avi video"),
    ],
)
@pytest.mark.parametrize("subset", [True, False])
def test_a_damaged_video_is_named(folder, content, told, subset):
    path = folder / "UCF-101" / "Diving" / "v_Diving_g08_c02.avi"
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(InputError, match=rf"Diving/v_Diving_g08_c02\.avi {told}"):
        ucf101.check(folder, subset=subset).must_be_right()


def test_a_real_clip_is_whole():
    assert ucf101._damage(CLIP) == ""


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("classInd.txt", "1 Archery\n3 Biking\n", "line 2: 3 Biking, expected NUMBER CLASS in order"),
        ("classInd.txt", "1 Archery\nBiking\n", "line 2: Biking, expected 2 words"),
        ("trainlist01.txt", "Archry/v_Archry_g08_c01.avi 1\n", "line 1: .* did you mean 'Archery'"),
        ("trainlist01.txt", "Archery/../../secret.avi 1\n", "line 1: .* expected CLASS/v_CLASS_gNN_cNN.avi"),
        ("trainlist01.txt", "Archery/v_Archery_g08_c01.avi 2\n", "line 1: Archery is class 1, not 2"),
        ("testlist01.txt", "Archery/v_Archery_g08_c01.avi\n", "was listed before, as a training video"),
        ("testlist01.txt", None, "no such list"),
    ],
)
def test_a_list_that_cannot_be_right_is_named_with_its_line(folder, name, text, told):
    path = folder / "ucfTrainTestlist" / name
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=told):
        ucf101.read_lists(folder)
    assert len(ucf101.check(folder).problems) == 1


def test_a_missing_folder_is_named_with_where_to_get_the_set(tmp_path):
    report = ucf101.check(tmp_path / "none")
    assert report.lines[1:] == [f"- no folder {tmp_path / 'none'}", ucf101.INSTRUCTIONS]


def make(folder, frames, **settings):
    files = [video.file for video in ucf101.read_lists(folder).videos]
    return video_frames.write(folder / "UCF-101", files, frames, **settings)


def test_frames_are_counted_from_1_and_near_the_decoded_ones(folder, tmp_path):
    made = make(folder, tmp_path / "frames")
    assert made["frames"].tolist() == [17, 18, 19, 16, 21, 22, 23, 24, 25]
    assert made["video"][8] == "Diving/v_Diving_g01_c01.avi"
    pictures = sorted((tmp_path / "frames" / "Diving" / "v_Diving_g01_c01").glob("*.jpg"))
    assert [path.name for path in pictures] == [f"{number:04d}.jpg" for number in range(1, 26)]
    decoded = video.read(folder / "UCF-101" / "Diving" / "v_Diving_g01_c01.avi").pixels
    shown = np.stack([np.asarray(Image.open(path)) for path in pictures]).astype(int)
    error = np.abs(shown - decoded).mean(axis=(1, 2, 3))
    assert error.max() < 12  # hard edges of colour, which a JPEG stores at half the sharpness
    assert np.abs(shown[:-1] - decoded[1:]).mean() > 40


def contents(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.*")
        if path.is_file()
    }


def test_a_job_killed_in_the_middle_goes_on_and_ends_with_the_same_bytes(folder, tmp_path, monkeypatch):
    make(folder, tmp_path / "whole")
    decoded = video.decoded
    seen = []

    def killed(path, threads):
        for frame in decoded(path, threads):
            seen.append(path.name)
            if len(seen) == 50:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr(video, "decoded", killed)
    with pytest.raises(KeyboardInterrupt):
        make(folder, tmp_path / "killed")
    assert not list((tmp_path / "killed").rglob("*.part"))

    seen.clear()
    seen.extend([""] * 50)  # no more kills
    make(folder, tmp_path / "killed")
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert len(set(seen)) == 1 + 9 - 2  # the two that were done are not decoded again


def test_frames_of_another_quality_or_video_are_made_anew(folder, tmp_path):
    make(folder, tmp_path / "frames")
    before = contents(tmp_path / "frames")
    make(folder, tmp_path / "frames", quality=50)
    assert all(before[name] != now for name, now in contents(tmp_path / "frames").items())
    make(folder, tmp_path / "frames")
    assert contents(tmp_path / "frames") == before

    film(folder / "UCF-101" / "Diving" / "v_Diving_g01_c01.avi", frames=30, seed=99)
    make(folder, tmp_path / "frames")
    told = json.loads((tmp_path / "frames" / "Diving" / "v_Diving_g01_c01" / "made_of.json").read_text())
    assert told["frames"] == 30


def test_a_damaged_video_is_named_and_leaves_no_folder(folder, tmp_path):
    path = folder / "UCF-101" / "Biking" / "v_Biking_g08_c01.avi"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    with pytest.raises(InputError, match=r"v_Biking_g08_c01\.avi: frame \d+ is damaged.*; 2 of 9 videos are done"):
        make(folder, tmp_path / "frames")
    assert not (tmp_path / "frames" / "Biking" / "v_Biking_g08_c01").exists()
    assert not list((tmp_path / "frames").rglob("*.part"))


def test_a_video_lost_since_it_was_listed_is_not_present(folder):
    videos = ucf101.read_lists(folder).videos
    gone = replace(videos[0], file="Archery/v_Archery_g09_c09.avi")
    assert ucf101.present(folder / "UCF-101", [gone, videos[1]]) == [videos[1]]


def test_names_are_compared_without_capitals_as_the_published_lists_need(folder):
    lists, videos = folder / "ucfTrainTestlist", folder / "UCF-101"
    for name in ("trainlist01.txt", "testlist01.txt"):
        text = (lists / name).read_text()
        (lists / name).write_text(text.replace("v_Diving", "v_DIVing"))  # HandstandPushups/v_HandStandPushups_...
    (videos / "Biking").rename(videos / "biking")
    report = ucf101.check(folder)
    assert report.problems == ()
    there = ucf101.present(videos, ucf101.read_lists(folder).videos)
    assert [video.label for video in there] == [0, 0, 1, 1, 2, 2, 0, 1, 2]
    assert there[3].file == "biking/v_Biking_g08_c02.avi"  # as it is on disk
    assert there[8].file == "Diving/v_Diving_g01_c01.avi"


def test_cuts_of_one_film_may_not_be_in_both_lists(folder):
    lists = folder / "ucfTrainTestlist"
    (lists / "testlist01.txt").write_text("Diving/v_Diving_g08_c03.avi\n")
    with pytest.raises(InputError, match=r"testlist01\.txt: line 1: .* a cut of a film whose other cuts are training"):
        ucf101.read_lists(folder)
    (lists / "testlist01.txt").write_text("Diving/v_Diving_g01_c01.avi\nBiking/v_Biking_g01_c01.avi\n")
    assert len(ucf101.read_lists(folder).videos) == 8  # the same group in another class is another film


def test_the_companions_that_a_mac_leaves_count_nowhere(folder):
    for path in [*(folder / "UCF-101").rglob("*.avi"), folder / "UCF-101" / "Diving"]:
        path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07Mac OS X")
    (folder / "UCF-101" / ".Trashes").mkdir()
    report = ucf101.check(folder)
    assert (report.problems, report.remarks) == ((), ())
