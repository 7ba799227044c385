import struct
import zlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, TiffImagePlugin

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
        (lambda: Image.fromarray(np.full((6, 8), 40_000, np.uint16)), "a.png", "16 bits a channel, expected 8 bits"),
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


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.jpg", {"format": "MPO", "append": [(4, 3)], "quality": 100, "subsampling": 0}),
        ("a.jpg", {"format": "MPO", "append": [(8, 6)], "quality": 100, "subsampling": 0}),
        ("a.tif", {"append": [(4, 3), (2, 2)]}),
    ],
)
def test_previews_behind_a_picture_are_not_shown(tmp_path, name, how):
    previews = [Image.new("RGB", size, "red") for size in how.pop("append")]
    blue = Image.new("RGB", (8, 6), (20, 40, 200))
    blue.save(tmp_path / name, save_all=True, append_images=previews, **how)
    with Image.open(tmp_path / name) as file:
        assert file.n_frames == 1 + len(previews)
    shown = images.read([tmp_path], 1, 4.0, (6, 8)).pixels[0]
    assert np.abs(shown.astype(int) - (20, 40, 200)).max() <= 2


def test_a_thumbnail_before_the_picture_of_a_tiff_is_not_shown(tmp_path):
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "a.tif"), True) as file:
        for size, colour, reduced in (((8, 6), "red", 1), ((8, 6), (20, 40, 200), 0)):
            Image.new("RGB", size, colour).save(file, format="TIFF", tiffinfo={254: reduced})
            file.newFrame()
    assert images.read([tmp_path], 1, 4.0, (6, 8)).pixels[0, 0, 0].tolist() == [20, 40, 200]


def test_a_tiff_of_pages_is_no_image(tmp_path):
    first, *others = (Image.fromarray(frame) for frame in RANDOM[:4])
    first.save(tmp_path / "a.tif", save_all=True, append_images=others)
    with pytest.raises(InputError, match=r"a\.tif: holds 4 pictures, expected one; .* kind array, .* numpy\.save"):
        _ = images.read([tmp_path], 1, 4.0, (6, 8)).pixels


def test_a_picture_is_known_by_its_content(tmp_path):
    """Like a PNG and JPEGs of four channels, and of one, in ImageNet."""
    Image.fromarray(RANDOM[0]).save(tmp_path / "a.JPEG", format="PNG")
    ink = Image.new("CMYK", (8, 6), (255, 0, 0, 0))
    ink.save(tmp_path / "b.jpg", quality=100)
    Image.new("L", (8, 6), 77).save(tmp_path / "c.jpg")
    shown = images.read([tmp_path], 3, 4.0, (6, 8)).pixels
    assert_array_equal(shown[0], RANDOM[0])
    assert np.abs(shown[1].astype(int) - (0, 255, 255)).max() <= 3
    assert np.unique(shown[2]) == 77


def deep_png():
    """PNG of 8 x 6 pixels, 16 bits a channel, which Pillow cannot write."""
    chunks = [
        (b"IHDR", struct.pack(">2I5B", 8, 6, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(6 * (1 + 8 * 6)))),
        (b"IEND", b""),
    ]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_colours_of_16_bits_are_refused_not_cut(tmp_path):
    (tmp_path / "a.png").write_bytes(deep_png())
    with pytest.raises(InputError, match=r"a\.png: has 16 bits a channel, expected 8"):
        _ = images.read([tmp_path], 1, 4.0, (6, 8)).pixels


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
