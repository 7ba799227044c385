"""Assets: mirrors, hashes, trust on first use, a person's own files, two who fetch at once."""

import fcntl
import hashlib
import io
import json
import threading
import zipfile

import numpy as np
import pytest
from web_server import CONTENT, serving

from lorafb.fetch import assets, download, lock, registry
from lorafb.fetch.registry import Asset, Https, Member
from lorafb.files import InputError

SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(download, "BACKOFF_S", 0.0)


def asset(*urls, path="some/file.bin", **more):
    return Asset(path, "a file", "free", ("nobody",), tuple(Https(url) for url in urls), **more)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_first_fetch_is_said_aloud_and_its_hash_kept_and_checked_ever_after(tmp_path):
    said = []
    with serving() as (url, _):
        path = assets.fetch(asset(url), tmp_path, say=said.append)
        assets.fetch(asset(url), tmp_path, say=said.append)
    assert path.read_bytes() == CONTENT
    assert said == [
        f"some/file.bin: fetched for the first time, with nothing to compare with; its hash {SHA256[:12]} is kept in {lock.NAME}"
    ]
    kept = json.loads((tmp_path / lock.NAME).read_text())["some/file.bin"]
    assert (kept["sha256"], kept["size"], kept["source"]) == (SHA256, len(CONTENT), url)
    assert assets.verify(asset(url), tmp_path) == f"as it first came, sha256 {SHA256[:12]}"
    path.write_bytes(b"something else")
    for check in (assets.verify, assets.fetch):
        with pytest.raises(InputError, match="has changed since it first came"):
            check(asset(url), tmp_path)
    path.unlink()
    with (
        serving(b"another file") as (other, _),
        pytest.raises(InputError, match="gave another file than the first time"),
    ):
        assets.fetch(asset(other), tmp_path)
    assert names(tmp_path / "some") == []


def test_a_known_hash_is_not_said_aloud_and_a_wrong_file_goes_to_the_next_mirror(tmp_path):
    said = []
    with serving(b"damaged") as (bad, _), serving() as (good, _):
        path = assets.fetch(asset(bad, good, sha256=SHA256[:8]), tmp_path, say=said.append)
    assert path.read_bytes() == CONTENT
    assert not said
    assert assets.verify(asset(sha256=SHA256), tmp_path) == f"as published, sha256 {SHA256[:12]}"


def test_a_beginning_from_one_mirror_is_never_gone_on_from_another(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TRIES", 1)
    with serving(bytes(len(CONTENT)), cuts=9) as (cut, _), serving() as (good, log):
        path = assets.fetch(asset(cut, good), tmp_path, say=lambda _: None)
    assert log == [None]
    assert path.read_bytes() == CONTENT


def test_what_no_mirror_gives_is_told_with_the_way_by_hand(tmp_path):
    with (
        serving(b"damaged") as (bad, _),
        serving(statuses=[404]) as (gone, _),
        pytest.raises(InputError, match=r"^[^\n]*$") as error,
    ):
        assets.fetch(asset(bad, gone, sha256=SHA256), tmp_path)
    assert "expected" in str(error.value)
    assert "404 Not Found" in str(error.value)
    assert "Or get it from there by hand, and put it in this place" in str(error.value)
    assert names(tmp_path / "some") == []


@pytest.mark.parametrize(
    ("content", "told"),
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
def test_what_is_not_the_file_is_refused_from_a_server_and_by_hand(content, told, tmp_path):
    with serving(content) as (url, _), pytest.raises(InputError, match="could not be fetched"):
        assets.fetch(asset(url, sha256=SHA256), tmp_path)
    assert names(tmp_path / "some") == []
    own = tmp_path / "some" / "file.bin"
    own.write_bytes(content)
    with serving() as (url, log), pytest.raises(InputError, match=told):
        assets.fetch(asset(url, size=len(CONTENT), sha256=SHA256), tmp_path)
    assert log == []
    assert own.read_bytes() == content


def test_a_persons_own_file_is_taken_when_it_fits_and_its_first_hash_kept(tmp_path):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file.bin").write_bytes(CONTENT)
    said = []
    with serving() as (url, log):
        assert assets.verify(asset(url), tmp_path) == f"nothing to compare with, sha256 {SHA256[:12]}"
        assets.fetch(asset(url), tmp_path, say=said.append)
        assets.fetch(asset(url), tmp_path, say=said.append)
    assert log == []
    assert said == [
        f"some/file.bin: found in its place, with nothing to compare with; its hash {SHA256[:12]} is kept in {lock.NAME}"
    ]


def test_a_file_that_somebody_puts_there_meanwhile_is_not_overwritten(tmp_path):
    def put(there, _):
        (tmp_path / "some" / "file.bin").write_bytes(b"mine")

    with serving() as (url, _):
        path = assets.fetch(asset(url), tmp_path, put, say=lambda _: None)
        assert path.read_bytes() == b"mine"
    assert names(tmp_path / "some") == ["file.bin"]


def test_who_comes_second_to_the_same_file_is_told(tmp_path):
    (tmp_path / "some").mkdir()
    with (tmp_path / "some" / "file.bin.part").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InputError, match=r"some/file\.bin: another process is fetching it"):
            assets.fetch(asset("http://127.0.0.1:9/"), tmp_path)


def test_many_first_fetches_at_once_are_all_recorded(tmp_path):
    def one(number):
        assets.fetch(asset(url, path=f"{number}.bin"), tmp_path, say=lambda _: None)

    with serving() as (url, _):
        threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(lock.known(tmp_path)) == sorted(f"{number}.bin" for number in range(12))


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": {}}'])
def test_a_damaged_lock_file_is_named(text, tmp_path):
    (tmp_path / lock.NAME).write_text(text)
    with pytest.raises(InputError, match=r"fetched\.lock\.json: is no readable lock file"):
        lock.known(tmp_path)


def npy(array, version):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version)
    return buffer.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_an_array_may_be_known_by_its_own_bytes_whatever_its_header(version, tmp_path):
    array, said = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), []
    told = hashlib.md5(array.tobytes(), usedforsecurity=False).hexdigest()
    with serving(npy(array, version)) as (url, _):
        path = assets.fetch(asset(url, shape=(2, 3, 4), md5_of_array=told), tmp_path, say=said.append)
        assets.fetch(asset(url, path="other.npy", shape=(2, 3, 4), md5_of_array="0" * 32), tmp_path, say=said.append)
    assert np.array_equal(np.load(path), array)
    (line,) = said
    assert line.startswith(
        f"other.npy: fetched for the first time; its array has md5 {told}, others have published 000"
    )


@pytest.mark.parametrize("wrong", [np.zeros((2, 3, 5), np.uint8), np.zeros((2, 3, 4), np.float32)])
def test_an_array_of_another_shape_or_type_is_refused(wrong, tmp_path):
    with (
        serving(npy(wrong, (1, 0))) as (url, _),
        pytest.raises(InputError, match=r"holds .*, expected uint8 \(2, 3, 4\)"),
    ):
        assets.fetch(asset(url, shape=(2, 3, 4)), tmp_path)


def test_what_only_a_person_can_get_says_how(tmp_path):
    with pytest.raises(InputError, match=r"no program can fetch it\. Get it from its author, and put it there"):
        assets.fetch(asset(by_hand="from its author"), tmp_path)


def test_a_member_of_an_archive_comes_out_of_it(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("lists/one.txt", "1")
        packed.writestr("lists/two.txt", "2")
    with serving(buffer.getvalue()) as (url, log):
        monkeypatch.setattr(registry, "find", {"lists.zip": asset(url, path="lists.zip")}.__getitem__)
        for name, number in (("one", "1"), ("two", "2")):
            member = Asset(f"{name}.txt", "a list", "free", (), (Member("lists.zip", f"lists/{name}.txt"),))
            assert assets.fetch(member, tmp_path, say=lambda _: None).read_text() == number
        missing = Asset("six.txt", "a list", "free", (), (Member("lists.zip", "lists/six.txt"),))
        with pytest.raises(InputError, match=r"lists\.zip: holds no lists/six\.txt"):
            assets.fetch(missing, tmp_path)
    assert log == [None]  # the archive came once
    assert names(tmp_path) == [".fetched.lock.json", lock.NAME, "lists.zip", "one.txt", "two.txt"]
