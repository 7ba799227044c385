"""Assets: mirrors, hashes, trust on first use, a person's own files, two processes that fetch at once."""

import fcntl
import hashlib
import io
import json
import threading
import zipfile

import numpy as np
import pytest
from web_server import CONTENT, serving

from lorafb import web
from lorafb.fetch import fetch_asset, first_hashes, registry
from lorafb.fetch.registry import Asset, Mirror
from lorafb.files import InputError

SHA256 = hashlib.sha256(CONTENT).hexdigest()


def asset(*urls, path="some/file.bin", **more):
    return Asset(path, "a file", "free", ("nobody",), tuple(Mirror("https", url) for url in urls), **more)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_first_fetch_is_reported_and_its_hash_recorded_and_checked_from_then_on(tmp_path):
    lines = []
    with serving() as (url, _):
        path = fetch_asset.fetch(asset(url), tmp_path, say=lines.append)
        fetch_asset.fetch(asset(url), tmp_path, say=lines.append)
    assert path.read_bytes() == CONTENT
    assert lines == [
        f"some/file.bin: fetched for the first time; nothing to compare with; its hash {SHA256[:12]} is recorded in {first_hashes.NAME}"
    ]
    entry = json.loads((tmp_path / first_hashes.NAME).read_text())["some/file.bin"]
    assert (entry["sha256"], entry["size"], entry["source"]) == (SHA256, len(CONTENT), url)
    assert fetch_asset.verify(asset(url), tmp_path) == f"as first fetched, sha256 {SHA256[:12]}"
    path.write_bytes(b"something else")
    for check in (fetch_asset.verify, fetch_asset.fetch):
        with pytest.raises(InputError, match="has changed since it was first fetched"):
            check(asset(url), tmp_path)
    path.unlink()
    with (
        serving(b"another file") as (other, _),
        pytest.raises(InputError, match="gave another file than the first time"),
    ):
        fetch_asset.fetch(asset(other), tmp_path)
    assert names(tmp_path / "some") == []


def test_a_known_hash_is_not_reported_and_after_a_wrong_file_the_next_mirror_is_tried(tmp_path):
    lines = []
    with serving(b"damaged") as (bad, _), serving() as (good, _):
        path = fetch_asset.fetch(asset(bad, good, sha256=SHA256[:8]), tmp_path, say=lines.append)
    assert path.read_bytes() == CONTENT
    assert not lines
    assert fetch_asset.verify(asset(sha256=SHA256), tmp_path) == f"as published, sha256 {SHA256[:12]}"


def test_a_part_from_one_mirror_is_never_continued_from_another(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "TRIES", 1)
    with serving(bytes(len(CONTENT)), cuts=9) as (cut, _), serving() as (good, log):
        path = fetch_asset.fetch(asset(cut, good), tmp_path, say=lambda _: None)
    assert log == [None]
    assert path.read_bytes() == CONTENT


def test_a_file_that_no_mirror_gives_is_reported_with_the_way_by_hand(tmp_path):
    with (
        serving(b"damaged") as (bad, _),
        serving(statuses=[404]) as (gone, _),
        pytest.raises(InputError, match=r"^[^\n]*$") as error,
    ):
        fetch_asset.fetch(asset(bad, gone, sha256=SHA256), tmp_path)
    assert "expected" in str(error.value)
    assert "404 Not Found" in str(error.value)
    assert "Or get it from there by hand, and put it in this place" in str(error.value)
    assert names(tmp_path / "some") == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "has 0 bytes, expected 102400"),
        (CONTENT[:-1], "has 102399 bytes, expected 102400"),
        (bytes(len(CONTENT)), "has sha256 "),
        (b"<!DOCTYPE html><html>" + bytes(len(CONTENT) - 21), "is a web page, not a file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 102400\n",
            "is a pointer of Git LFS, not a file",
        ),
    ],
    ids=["empty", "short", "another", "page", "pointer"],
)
def test_another_file_is_refused_from_a_server_and_by_hand(content, expected, tmp_path):
    with serving(content) as (url, _), pytest.raises(InputError, match="could not be fetched"):
        fetch_asset.fetch(asset(url, sha256=SHA256), tmp_path)
    assert names(tmp_path / "some") == []
    own = tmp_path / "some" / "file.bin"
    own.write_bytes(content)
    with serving() as (url, log), pytest.raises(InputError, match=expected):
        fetch_asset.fetch(asset(url, size=len(CONTENT), sha256=SHA256), tmp_path)
    assert log == []
    assert own.read_bytes() == content


def test_a_persons_own_file_is_used_when_it_fits_and_its_first_hash_recorded(tmp_path):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file.bin").write_bytes(CONTENT)
    lines = []
    with serving() as (url, log):
        assert fetch_asset.verify(asset(url), tmp_path) == f"nothing to compare with, sha256 {SHA256[:12]}"
        fetch_asset.fetch(asset(url), tmp_path, say=lines.append)
        fetch_asset.fetch(asset(url), tmp_path, say=lines.append)
    assert log == []
    assert lines == [
        f"some/file.bin: found in its place; nothing to compare with; its hash {SHA256[:12]} is recorded in {first_hashes.NAME}"
    ]


def test_a_file_that_somebody_puts_there_in_the_meantime_is_not_overwritten(tmp_path):
    def put(there, _):
        (tmp_path / "some" / "file.bin").write_bytes(b"mine")

    with serving() as (url, _):
        path = fetch_asset.fetch(asset(url), tmp_path, put, say=lambda _: None)
        assert path.read_bytes() == b"mine"
    assert names(tmp_path / "some") == ["file.bin"]


def test_a_second_process_that_fetches_the_same_file_stops_in_one_line(tmp_path):
    (tmp_path / "some").mkdir()
    with (tmp_path / "some" / "file.bin.part").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InputError, match=r"some/file\.bin: another process is fetching it"):
            fetch_asset.fetch(asset("http://127.0.0.1:9/"), tmp_path)


def test_many_first_fetches_at_once_are_all_recorded(tmp_path):
    def one(number):
        fetch_asset.fetch(asset(url, path=f"{number}.bin"), tmp_path, say=lambda _: None)

    with serving() as (url, _):
        threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(first_hashes.read(tmp_path)) == sorted(f"{number}.bin" for number in range(12))


def test_a_damaged_lock_file_is_named(tmp_path):
    for text in ("{", "[]", '{"a": 1}', '{"a": {}}'):
        (tmp_path / first_hashes.NAME).write_text(text)
        with pytest.raises(InputError, match=r"fetched\.lock\.json: is no readable lock file"):
            first_hashes.read(tmp_path)


def npy(array, version):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version)
    return buffer.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_an_array_may_be_identified_by_its_bytes_whatever_its_header(version, tmp_path):
    array, lines = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), []
    md5 = hashlib.md5(array.tobytes(), usedforsecurity=False).hexdigest()
    with serving(npy(array, version)) as (url, _):
        path = fetch_asset.fetch(asset(url, shape=(2, 3, 4), md5_of_array=md5), tmp_path, say=lines.append)
        fetch_asset.fetch(
            asset(url, path="other.npy", shape=(2, 3, 4), md5_of_array="0" * 32), tmp_path, say=lines.append
        )
    assert np.array_equal(np.load(path), array)
    (line,) = lines
    assert line.startswith(f"other.npy: fetched for the first time; its array has md5 {md5}, others have published 000")


def test_an_array_of_another_shape_or_type_is_refused(tmp_path):
    for wrong in (np.zeros((2, 3, 5), np.uint8), np.zeros((2, 3, 4), np.float32)):
        with (
            serving(npy(wrong, (1, 0))) as (url, _),
            pytest.raises(InputError, match=r"holds .*, expected uint8 \(2, 3, 4\)"),
        ):
            fetch_asset.fetch(asset(url, shape=(2, 3, 4)), tmp_path)


def test_a_file_that_only_a_person_can_get_says_how(tmp_path):
    with pytest.raises(InputError, match=r"no program can fetch it\. Get it from its author, and put it there"):
        fetch_asset.fetch(asset(by_hand="from its author"), tmp_path)


def test_a_member_is_copied_out_of_its_archive(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("lists/one.txt", "1")
        packed.writestr("lists/two.txt", "2")
    with serving(buffer.getvalue()) as (url, log):
        monkeypatch.setattr(registry, "find", {"lists.zip": asset(url, path="lists.zip")}.__getitem__)
        for name, number in (("one", "1"), ("two", "2")):
            member = Asset(f"{name}.txt", "a list", "free", (), (Mirror("archive", "lists.zip", f"lists/{name}.txt"),))
            assert fetch_asset.fetch(member, tmp_path, say=lambda _: None).read_text() == number
        missing = Asset("six.txt", "a list", "free", (), (Mirror("archive", "lists.zip", "lists/six.txt"),))
        with pytest.raises(InputError, match=r"lists\.zip: holds no lists/six\.txt"):
            fetch_asset.fetch(missing, tmp_path)
    assert log == [None]  # the archive was fetched once
    assert names(tmp_path) == [".fetched.lock.json", first_hashes.NAME, "lists.zip", "one.txt", "two.txt"]
