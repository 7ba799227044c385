import pytest

from lorafb.files import InputError
from lorafb.training import imagenet

NAMES = ("n01440764", "n01443537")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet, "EXPECTED", {"classes": 2, "training images": 6, "validation images": 4})
    monkeypatch.setattr(imagenet, "VALIDATION_IMAGES", 2)
    for part, number in (("train", 3), ("val", 2)):
        for name in NAMES:
            (tmp_path / part / name).mkdir(parents=True)
            for image in range(number):
                (tmp_path / part / name / f"{name}_{image}.JPEG").touch()
    (tmp_path / "train" / "n01440764" / "notes.txt").touch()
    return tmp_path


def test_the_published_numbers():
    assert imagenet.EXPECTED == {"classes": 1000, "training images": 1_281_167, "validation images": 50_000}
    assert imagenet.VALIDATION_IMAGES * 1000 == 50_000


def test_a_whole_set_is_complete(folder):
    report = imagenet.check(folder)
    assert report.lines == [
        f"imagenet in {folder}: classes: 2 of 2, training images: 6 of 6, validation images: 4 of 4",
        "complete",
    ]


def test_a_missing_half_is_named_with_where_to_get_it(folder):
    (folder / "val").rename(folder / "validation")
    report = imagenet.check(folder)
    assert report.lines == [
        f"imagenet in {folder}: nothing found",
        f"- no folder {folder / 'val'}",
        imagenet.INSTRUCTIONS,
    ]


def test_validation_images_that_were_not_sorted_into_classes_are_told(folder):
    for path in (folder / "val" / "n01440764").iterdir():
        path.rename(folder / "val" / path.name)
    assert imagenet.check(folder).problems == (
        f"{folder / 'val'} holds 2 images outside class folders",
        "val/n01440764: no image",
        "validation images: 2, expected 4",
    )


@pytest.mark.parametrize("subset", [True, False])
@pytest.mark.parametrize(("part", "other"), [("train", "val"), ("val", "train")])
def test_a_class_that_one_half_lacks_is_named_since_it_would_shift_all_labels_after_it(folder, part, other, subset):
    (folder / part / "n01443537").rename(folder / "n01443537")
    with pytest.raises(InputError, match=f"1 classes in {other} and not in {part}: n01443537"):
        imagenet.check(folder, subset=subset).must_be_right()


def test_a_class_with_too_few_images_and_a_strange_name_are_named(folder):
    (folder / "val" / "n01443537" / "n01443537_0.JPEG").unlink()
    for part in ("train", "val"):
        (folder / part / "n01440764").rename(folder / part / "tench")
    assert imagenet.check(folder).problems == (
        "1 folders are none of ImageNet's 1000 classes (n01440764 ...): tench; classes of your own are a training set of"
        " `kind: folder`",
        "val/n01443537: 1 images, expected 2",
        "validation images: 3, expected 4",
    )


def test_a_subset_is_taken_and_called_so(folder):
    (folder / "train" / "n01443537" / "n01443537_0.JPEG").unlink()
    report = imagenet.check(folder, subset=True)
    assert report.problems == ()
    assert report.lines[-1] == "a subset, taken as it is"


def test_a_subset_of_nothing_is_refused(tmp_path):
    for part in ("train", "val"):
        (tmp_path / part).mkdir()
    assert imagenet.check(tmp_path, subset=True).problems == (f"{tmp_path / 'train'}: no class folder",)


def test_the_companions_that_a_mac_leaves_are_no_images(folder):
    for path in list(folder.rglob("*.JPEG")):
        path.with_name(f"._{path.name}").touch()
    (folder / "val" / "._n01440764.JPEG").touch()
    (folder / "train" / ".Trashes").mkdir()
    assert imagenet.check(folder).problems == ()
