import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from lorafb.files import InputError
from lorafb.stimuli import images
from lorafb.stimuli.from_config import stimulus

RANDOM = np.random.default_rng(1).integers(0, 256, (12, 6, 8, 3), dtype=np.uint8)


def save(folder, frames=RANDOM, name="frame_{}.png"):
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / name.format(number))


def test_a_folder_is_shown_in_the_order_of_its_numbers(tmp_path):
    save(tmp_path)
    (tmp_path / "notes.txt").write_text("not an image")
    shown = stimulus({"kind": "images", "frames": 12, "rate_hz": 30.0, "height": 6, "width": 8}, [tmp_path])
    assert_array_equal(shown.pixels, RANDOM)  # 2 before 10
    assert shown.rate_hz == 30.0


def test_hidden_files_are_no_images(tmp_path):
    save(tmp_path)
    for number in range(12):  # a Mac leaves such companions beside each file on other disks
        (tmp_path / f"._frame_{number}.png").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(60))
    (tmp_path / ".hidden.png").write_bytes((tmp_path / "frame_0.png").read_bytes())
    (tmp_path / "folder.png").mkdir()
    assert_array_equal(images.read([tmp_path], 12, 4.0, (6, 8)).pixels, RANDOM)


def test_a_list_is_shown_in_its_own_order(tmp_path):
    save(tmp_path)
    paths = [tmp_path / f"frame_{number}.png" for number in (7, 2, 11)]
    assert_array_equal(images.read(paths, 3, 4.0, (6, 8)).pixels, RANDOM[[7, 2, 11]])


def test_images_of_any_size_are_averaged_to_one(tmp_path):
    save(tmp_path, [np.full((20, 31, 3), 90, np.uint8), np.full((3, 2, 3), 30, np.uint8)])
    checkers = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(checkers).save(tmp_path / "frame_2.png")
    shown = images.read([tmp_path], 3, 4.0, (8, 8)).pixels
    assert shown.shape == (3, 8, 8, 3)
    assert np.unique(shown[0]) == 90
    assert np.unique(shown[1]) == 30
    assert abs(shown[2].astype(int) - 127).max() <= 2  # single pixels would be black or white


def test_a_photograph_is_turned_as_its_camera_noted(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # held with its right side down: turn clockwise to see it upright
    Image.fromarray(RANDOM[0]).save(tmp_path / "a.png", exif=exif)
    assert_array_equal(images.read([tmp_path], 1, 4.0, (8, 6)).pixels[0], np.rot90(RANDOM[0], -1))


def glass():
    see_through = np.full((6, 8, 4), 255, np.uint8)
    see_through[2, 3, 3] = 0
    return Image.fromarray(see_through)


@pytest.mark.parametrize(
    ("picture", "name", "told"),
    [
        (glass, "a.png", "see-through in places"),
        (lambda: Image.fromarray(np.full((6, 8), 40_000, np.uint16)), "a.png", "pixels of kind I;16, expected 8 bits"),
        (lambda: Image.fromarray(np.zeros((6, 8), np.float32)), "a.tiff", "pixels of kind F, expected 8 bits"),
    ],
)
def test_an_image_that_shows_no_8_bit_colours_is_refused(tmp_path, picture, name, told):
    picture().save(tmp_path / name)
    with pytest.raises(InputError, match=rf"{name}: .*{told}"):
        _ = images.read([tmp_path], 1, 4.0, (6, 8)).pixels


def test_full_alpha_grey_and_palettes_are_their_colours(tmp_path):
    opaque = np.dstack([RANDOM[0], np.full((6, 8), 255, np.uint8)])
    Image.fromarray(opaque).save(tmp_path / "a.png")
    grey = RANDOM[1, ..., 0]
    Image.fromarray(grey).save(tmp_path / "b.png")
    Image.fromarray(grey).convert("P").save(tmp_path / "c.png")
    shown = images.read([tmp_path], 3, 4.0, (6, 8)).pixels
    assert_array_equal(shown[0], RANDOM[0])
    assert_array_equal(shown[1], np.repeat(grey[..., None], 3, axis=2))
    assert_array_equal(shown[2], shown[1])


def test_a_gif_that_moves_is_no_image(tmp_path):
    first, *others = map(
        Image.fromarray, 60 * np.ones((3, 6, 8), np.uint8) * np.arange(3, dtype=np.uint8)[:, None, None]
    )
    first.save(tmp_path / "moves.gif", save_all=True, append_images=others)
    with pytest.raises(InputError, match=r"moves\.gif: holds 3 pictures, expected one; .* kind video"):
        _ = images.read([tmp_path], 1, 4.0, (6, 8)).pixels


@pytest.mark.parametrize("content", [b"", b"<html>quota</html>", None])
def test_a_damaged_image_is_one_line(tmp_path, content):
    save(tmp_path, RANDOM[:1])
    whole = (tmp_path / "frame_0.png").read_bytes()
    (tmp_path / "frame_0.png").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(InputError, match=r"frame_0\.png: cannot be read as an image") as told:
        _ = images.read([tmp_path], 1, 4.0, (6, 8)).pixels
    assert "\n" not in str(told.value)


def test_a_missing_folder_and_another_number_of_images_are_told(tmp_path):
    save(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        images.read([tmp_path / "none"], 3, 4.0, (6, 8))
    with pytest.raises(InputError, match=r"holds 12 images .*, the config says 13"):
        images.read([tmp_path], 13, 4.0, (6, 8))
