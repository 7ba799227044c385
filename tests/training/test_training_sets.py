"""Files of training sets as the loop takes them: counted once, known frames, the same bits in any process."""

import logging
import shutil

import av
import little_sets
import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from lorafb.files import InputError
from lorafb.networks import catalogue
from lorafb.stimuli import video
from lorafb.training import index, listing, samples, sets, settings, transforms, video_frames
from lorafb.training.loading import batches

SMALL, TINY = settings.Clips(size=28), settings.Images(size=28)
UCF = {"kind": "ucf101", "skip": 0, "frames": None, "taken": "every", "images": False}
PICTURES = {"kind": "imagenet", "skip": 0, "frames": None, "taken": "every", "images": True}


def film(path, frames):
    path.unlink(missing_ok=True)
    little_sets.film(path, little_sets.frames_of("test.avi")[:frames], bf="2")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets")
    return little_sets.ucf101(root / "ucf", training=2, length=16), little_sets.imagenet(root / "images")


def listed(folder):
    """Folder of the videos, and its items: of two classes 16, 17 and 18 frames, the last ones to test on."""
    return listing.root("ucf101", folder), listing.report("ucf101", folder, subset=True).items


def opened(folder, training="ucf101", seed=1, how=None, **chosen):
    chosen = {**(PICTURES if training == "imagenet" else UCF), "folder": str(folder), **chosen}
    kind = chosen["kind"]
    items = listing.report(kind, folder, subset=True, holds="images" if chosen["images"] else "videos").items
    table = index.build(listing.root(kind, folder), items, "images" if chosen["images"] else "videos")
    how = how or (TINY if chosen["images"] else SMALL)
    return sets.open_sets(training, sets.of_files(chosen, table, how.model_dump()), seed)


def test_frames_are_counted_by_decoding_and_a_second_count_opens_no_file_but_a_changed_one(made, tmp_path, monkeypatch):
    folder, cache = shutil.copytree(made[0], tmp_path / "ucf"), tmp_path / "counts.jsonl"
    videos, items = listed(folder)
    first = index.build(videos, items, "videos", cache=cache, threads=2)
    assert first["frames"].tolist() == [16, 17, 16, 17, 18, 18]
    seen, count = [], index._count_frames
    monkeypatch.setitem(index._COUNT, "videos", lambda path: seen.append(path.name) or count(path))
    assert index.build(videos, items, "videos", cache=cache).equals(first)
    assert seen == []
    film(videos / items[2].file, 30)
    assert index.build(videos, items, "videos", cache=cache)["frames"][2] == 30
    assert seen == [items[2].file.rpartition("/")[2]]
    monkeypatch.setattr(index, "decoder", lambda holds: "another")
    index.build(videos, items, "videos", cache=cache)
    assert len(seen) == 1 + 6


def test_bad_files_are_named_and_at_most_so_many_left_out(made, tmp_path, caplog):
    videos, items = listed(shutil.copytree(made[0], tmp_path / "ucf"))
    (videos / items[0].file).write_bytes(b"")
    (videos / items[3].file).write_bytes((videos / items[3].file).read_bytes()[:40])
    table = index.build(videos, items, "videos")
    with pytest.raises(
        InputError, match=r"2 files cannot be used, and `skip` allows 1: .*g08_c01\.avi is empty; .*g09_c01"
    ):
        index.usable(videos, table, "videos", 1)
    with caplog.at_level(logging.WARNING):
        assert index.usable(videos, table, "videos", 2).table["frames"].tolist() == [17, 16, 18, 18]
    assert "2 files are left out" in caplog.text


@pytest.mark.parametrize("b_frames", ["0", "2"])
def test_frame_n_is_frame_n_of_a_full_decode(tmp_path, b_frames):
    path = tmp_path / "film.avi"
    little_sets.film(path, little_sets.frames_of("test.avi")[:24], bf=b_frames)
    with av.open(str(path)) as file:
        every = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert len(every) == 24
    for number in range(24):
        np.testing.assert_array_equal(samples.decode(path, [number])[0], every[number])
    order = [20, 3, 3, 11]
    np.testing.assert_array_equal(samples.decode(path, order), np.stack([every[n] for n in order]))
    with pytest.raises(InputError, match=r"has no frame 24"):
        samples.decode(path, [24])
    assert av.logging.get_level() is None


def shown(data, number, epoch=0):
    one, order, _ = data.shown(number, epoch)
    return one, order.tolist()


def test_every_clip_starts_16_frames_after_the_one_before(made, tmp_path):
    folder = shutil.copytree(made[0], tmp_path / "ucf")
    videos, items = listed(folder)
    film(videos / items[1].file, 50)
    training, test = opened(folder)
    assert [shown(training, number)[0] for number in range(len(training))] == [0, 1, 1, 1, 2, 3]
    assert shown(training, 3) == (1, list(range(32, 48)))
    assert (training.independent, len(test)) == (4, 2)
    assert [training.sample(number, 0)[1] for number in (0, 5)] == [0, 1]


def test_the_subsets_leave_out_short_videos_and_draw_anew_each_epoch(made, tmp_path):
    folder = shutil.copytree(made[0], tmp_path / "ucf")
    videos, items = listed(folder)
    film(videos / items[1].file, 19)
    film(videos / items[4].file, 50)
    film(videos / items[5].file, 16)
    (run, run_test), (drawn, drawn_test) = opened(folder, "ucf101_subset"), opened(folder, "ucf101_random")
    assert len(run) == len(drawn) == 2  # two videos have 16 frames
    orders = [shown(run, 0, epoch)[1] for epoch in range(40)]
    assert {order[0] for order in orders} == {0, 1, 2, 3}
    assert all(np.diff(order).tolist() == [1] * 15 for order in orders)
    orders = [shown(drawn, 0, epoch)[1] for epoch in range(5)]
    assert all(len(set(order)) == 16 and max(order) < 19 and order != sorted(order) for order in orders)
    assert orders[0] != orders[1]
    assert len(run_test) == 3  # every clip of the long one
    assert len(drawn_test) == 1
    assert shown(drawn_test, 0, 3) == shown(drawn_test, 0, 4)


def same(one, other):
    return torch.equal(one[0], other[0]) and one[1] == other[1]


@pytest.mark.parametrize("training", ["ucf101", "imagenet"])
def test_a_sample_is_a_function_of_seed_epoch_and_number_alone(made, training):
    how = settings.Images(size=28, augment="trivial", erasing=0.5) if training == "imagenet" else None
    folder = made[training == "imagenet"]
    data, other = (opened(folder, training, seed, how)[0] for seed in (1, 2))
    before = torch.get_rng_state()
    first = data.sample(1, 0)
    assert same(data.sample(1, 0), first)
    assert torch.equal(before, torch.get_rng_state())
    assert not same(data.sample(1, 1), first)
    assert not same(other.sample(1, 0), first)
    for workers in (0, 2):
        frames, labels = next(batches(data, [[0, 1], [2, 3]], 0, workers))
        assert torch.equal(frames[:, 1], first[0] if training == "ucf101" else first[0].expand(len(frames), -1, -1, -1))
        assert labels[1] == first[1]


def test_a_clip_is_resized_cropped_once_resized_and_normalised():
    frames = np.random.default_rng(0).integers(0, 256, (4, 60, 80, 3), dtype=np.uint8)
    first, last = v2.Resize((256, 340), antialias=True), v2.Resize((224, 224), antialias=True)
    large = first(torch.from_numpy(frames).permute(0, 3, 1, 2) / 255)
    assert torch.allclose(transforms.clip(frames, settings.Clips(), None), last(large[..., 42:298]) * 2 - 1, atol=1e-6)
    draws = np.random.default_rng(3)
    draws.integers(1)
    left = int(draws.integers(85))
    ours = transforms.clip(frames, settings.Clips(), np.random.default_rng(3))
    assert torch.allclose(ours, last(large[..., left : left + 256]) * 2 - 1, atol=1e-6)
    still = np.repeat(frames[:1], 8, axis=0)
    once, each = (
        transforms.clip(still, settings.Clips(crop=crop), np.random.default_rng(1)) for crop in ("clip", "per_frame")
    )
    assert all(torch.equal(frame, once[0]) for frame in once)
    assert len({frame.sum().item() for frame in each}) > 4


def test_pixels_of_a_test_image_are_within_a_grey_level_of_pillows():
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    mean, deviation = (torch.tensor(one)[:, None, None] for one in catalogue.mean_and_deviation("imagenet"))
    levels = (transforms.image(noise, settings.Images(), None) * deviation + mean) * 255
    pillow = v2.Compose([v2.Resize(256), v2.CenterCrop(224), v2.PILToTensor()])(Image.fromarray(noise))
    assert (levels - pillow).abs().max() <= 1.01


def test_grey_cmyk_and_png_under_another_name_are_three_channels(made):
    training, test = opened(made[1], "imagenet")
    assert (len(training), len(test)) == (8, 4)
    assert {tuple(training.sample(number, 0)[0].shape) for number in range(8)} == {(3, 28, 28)}


def test_frames_written_once_take_the_place_of_the_video_and_are_another_training(made, tmp_path):
    videos, items = listed(made[0])
    with pytest.raises(InputError, match=r"has no frames of .*g08_c01\.avi"):
        opened(made[0], frames=str(tmp_path))
    video_frames.write(videos, [item.file for item in items], tmp_path)
    pictures, decoded = opened(made[0], frames=str(tmp_path))[0], opened(made[0])[0]
    assert 0 < (pictures.sample(0, 0)[0] - decoded.sample(0, 0)[0]).abs().mean() < 0.05
    table = index.build(videos, items, "videos")
    ways = (
        sets.of_files({**UCF, "folder": str(made[0]), "frames": frames}, table, SMALL.model_dump()).identity("ucf101")
        for frames in (str(tmp_path), None)
    )
    first, second = ways
    assert (first["task"].pop("from"), second["task"].pop("from")) == ("pictures", "videos")
    assert first == second
    assert second["decoder"].startswith(f"PyAV {av.__version__}")


def test_a_video_that_has_changed_since_it_was_counted_is_named(made, tmp_path):
    folder = shutil.copytree(made[0], tmp_path / "ucf")
    videos, items = listed(folder)
    table = index.build(videos, items, "videos")
    film(videos / items[0].file, 20)
    assert video.n_frames(videos / items[0].file) == 20
    with pytest.raises(InputError, match=r"g08_c01\.avi: has changed since its frames were counted"):
        sets.of_files({**UCF, "folder": str(folder)}, table, SMALL.model_dump())


def test_a_damaged_video_may_be_left_out_of_ucf101_too(made, tmp_path):
    folder = shutil.copytree(made[0], tmp_path / "ucf")
    videos, items = listed(folder)
    (videos / items[1].file).write_bytes(b"")
    listing.report("ucf101", folder, subset=True).must_be_right()
    assert len(opened(folder, skip=1)[0]) == 3


def test_own_classes_are_read_from_folders_or_from_lists(tmp_path):
    for part, name, k in (("train", "run", 0), ("train", "jump", 0), ("test", "run", 1), ("test", "jump", 1)):
        film(tmp_path / part / name / f"a {k}.mp4", 18)
    folders = listing.report("folder", tmp_path)
    assert [(one.file, one.label, one.split) for one in folders.items] == [
        ("train/jump/a 0.mp4", 0, "training"),
        ("train/run/a 0.mp4", 1, "training"),
        ("test/jump/a 1.mp4", 0, "test"),
        ("test/run/a 1.mp4", 1, "test"),
    ]
    (tmp_path / "one.txt").write_text("train/jump/a 0.mp4\n\ntrain/run/a 0.mp4,run\n")
    (tmp_path / "two.txt").write_text("test/jump/a 1.mp4 jump\ntest/run/a 1.mp4\trun\n")
    lists = listing.report("folder", tmp_path, lists=["one.txt", "two.txt"])
    assert lists.items == folders.items
    training, test = opened(tmp_path, "mine", kind="folder", taken="run")
    assert (len(training), len(test), training.taken) == (2, 2, "run")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("train/run/a.mp4\n", r"two\.txt: line 1: train/run/a\.mp4 was listed before, for training"),
        ("a.mp4\n", r"two\.txt: line 1: a\.mp4 is in no folder that names its class"),
        ("test/rum/b.mp4\n", r"two\.txt: test/rum/b\.mp4: one\.txt has nothing of class rum; did you mean 'run'\?"),
        (None, r"two\.txt: no such list of files"),
    ],
)
def test_a_list_that_cannot_be_right_is_named_with_its_line(tmp_path, text, told):
    (tmp_path / "one.txt").write_text("train/run/a.mp4\n")
    if text is not None:
        (tmp_path / "two.txt").write_text(text)
    with pytest.raises(InputError, match=told):
        listing.report("folder", tmp_path, lists=["one.txt", "two.txt"])
