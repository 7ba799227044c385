"""An array that is published as numbered images."""

import io

import numpy as np
import pytest
from PIL import Image
from web_server import serving

from lorafb.fetch import fetch_asset
from lorafb.fetch.registry import Asset, Mirror
from lorafb.files import InputError

SCENES = np.random.default_rng(5).integers(0, 256, (4, 6, 5), dtype=np.uint8)


def tiff(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "TIFF")
    return buffer.getvalue()


def files(**other):
    return {f"/scene_{number}.tiff": tiff(scene) for number, scene in enumerate(SCENES)} | other


def asset(url, count=4):
    images = Mirror("images", url.replace("/file", "/scene_{number}.tiff"), count=count)
    return Asset("scenes.npy", "scenes", "free", (), (images,), shape=SCENES.shape)


def test_numbered_images_become_one_array(tmp_path):
    seen = []
    with serving(files=files()) as (url, log):
        path = fetch_asset.fetch(asset(url), tmp_path, lambda *now: seen.append(now), say=lambda _: None)
    assert np.array_equal(np.load(path), SCENES)
    assert seen[-1] == (SCENES.size, SCENES.size)
    assert len(log) == 4
    assert sorted(one.name for one in tmp_path.iterdir()) == [".fetched.lock.json", "fetched.lock.json", "scenes.npy"]


def test_images_are_not_fetched_twice(tmp_path):
    served = files()
    last = served.pop("/scene_3.tiff")
    with serving(files=served) as (url, log):
        with pytest.raises(InputError, match=r"scene_3\.tiff: the server answers 404"):
            fetch_asset.fetch(asset(url), tmp_path)
        served["/scene_3.tiff"] = last
        path = fetch_asset.fetch(asset(url), tmp_path, say=lambda _: None)
    assert np.array_equal(np.load(path), SCENES)
    assert len(log) == 5


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (tiff(SCENES[0, :5]), "is a L image of 5 x 5"),
        (tiff(np.stack([SCENES[0]] * 3, axis=-1)), "is a RGB image of 6 x 5"),
        (b"no image", "is no readable image"),
        (tiff(SCENES[0])[:-9], "is no readable image"),
    ],
    ids=["size", "colour", "none", "damaged"],
)
def test_a_wrong_image_is_reported_and_removed(content, expected, tmp_path):
    with (
        serving(files=files(**{"/scene_0.tiff": content})) as (url, _),
        pytest.raises(InputError, match=rf"scene_0\.tiff: {expected}.*expected an L \(8-bit grey\) image of 6 x 5"),
    ):
        fetch_asset.fetch(asset(url), tmp_path)
    assert list(tmp_path.rglob("*.tiff*")) == []
