"""Assets: mirrors, hashes, trust on first use, a person's own files; archives; the registry and its command."""

import hashlib
import io
import json
import stat
import tarfile
import zipfile
from pathlib import Path

import gdown
import numpy as np
import pytest
import yaml
from gdown.exceptions import FileURLRetrievalError
from web_server import CONTENT, serving

from lorafb import cli
from lorafb.fetch import archives, assets, download, drive, lock, registry
from lorafb.fetch.registry import Asset
from lorafb.files import InputError

ROOT = Path(__file__).parent.parent.parent
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(download, "BACKOFF_S", 0.0)


def asset(*urls, **more):
    return Asset("some/file.bin", "a file", "free", ("nobody",), tuple(urls), **more)


def test_the_first_fetch_is_said_aloud_and_its_hash_kept_and_checked_ever_after(tmp_path):
    said = []
    with serving() as (url, _):
        path = assets.fetch(asset(url), tmp_path, say=said.append)
    assert path.read_bytes() == CONTENT
    assert said == [
        f"some/file.bin: fetched for the first time, with nothing to compare with; its hash {SHA256[:12]} is kept in {lock.NAME}"
    ]
    assert json.loads((tmp_path / lock.NAME).read_text())["some/file.bin"]["sha256"] == SHA256
    assert assets.verify(asset(url), tmp_path) == SHA256
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="has changed since it was fetched"):
        assets.verify(asset(url), tmp_path)
    path.unlink()
    with (
        serving(b"another file") as (other, _),
        pytest.raises(InputError, match="gave another file than the first time"),
    ):
        assets.fetch(asset(other), tmp_path)
    assert [one.name for one in (tmp_path / "some").iterdir()] == []


def test_a_known_hash_is_not_said_aloud_and_a_wrong_file_goes_to_the_next_mirror(tmp_path):
    said = []
    with serving(b"damaged") as (bad, _), serving() as (good, _):
        path = assets.fetch(asset(bad, good, sha256=SHA256[:8]), tmp_path, say=said.append)
    assert path.read_bytes() == CONTENT
    assert not said


def test_what_no_mirror_gives_is_told_with_the_way_by_hand(tmp_path):
    with (
        serving(b"damaged") as (bad, _),
        serving(statuses=[404]) as (gone, _),
        pytest.raises(InputError, match=r"^[^\n]*$") as error,
    ):
        assets.fetch(asset(bad, gone, sha256=SHA256), tmp_path)
    assert "expected" in str(error.value)
    assert "404 Not Found" in str(error.value)
    assert "By hand: get it from http" in str(error.value)
    assert list((tmp_path / "some").iterdir()) == []


def test_a_persons_own_file_is_taken_when_it_fits_and_never_overwritten(tmp_path):
    (tmp_path / "some").mkdir()
    own = tmp_path / "some" / "file.bin"
    own.write_bytes(CONTENT)
    with serving() as (url, log):
        assert assets.fetch(asset(url, sha256=SHA256), tmp_path) == own
        own.write_bytes(b"another")
        with pytest.raises(InputError, match=r"file\.bin: has sha256 .*, expected .*; it is another file, or damaged"):
            assets.fetch(asset(url, sha256=SHA256), tmp_path)
    assert log == []
    assert own.read_bytes() == b"another"


def test_a_page_saved_by_hand_is_recognised(tmp_path):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file.bin").write_bytes(b"<!DOCTYPE html><html>quota</html>")
    with pytest.raises(InputError, match="is a web page, not a file"):
        assets.fetch(asset("http://127.0.0.1:9/"), tmp_path)


def test_an_array_may_be_known_by_its_own_bytes_whatever_its_header(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    told = hashlib.md5(array.tobytes(), usedforsecurity=False).hexdigest()
    for version in ((1, 0), (2, 0)):
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, version=version)
        with serving(buffer.getvalue()) as (url, _):
            path = assets.fetch(asset(url, md5_of_array=told), tmp_path / str(version))
        assert np.load(path).shape == (2, 3, 4)
    with serving(buffer.getvalue()) as (url, _), pytest.raises(InputError, match="its array has md5"):
        assets.fetch(asset(url, md5_of_array="0" * 32), tmp_path / "wrong")


def test_what_only_a_person_can_get_says_how(tmp_path):
    with pytest.raises(InputError, match=r"no program can fetch it\. Get it from its author, and put it there"):
        assets.fetch(asset(by_hand="from its author"), tmp_path)


File = type("File", (), {})


def listed(*paths):
    files = []
    for number, path in enumerate(paths):
        file = File()
        file.path, file.id = path, f"id{number}"
        files.append(file)
    return files


def test_a_file_of_a_drive_folder_is_found_by_its_path_or_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(gdown, "download_folder", lambda **_: listed("a/visp.npy", "deep/er/visl.npy"))
    monkeypatch.setattr(gdown, "download", lambda id, output, **_: Path(output).write_bytes(id.encode()))
    for wanted, expected in (("a/visp.npy", b"id0"), ("b/visl.npy", b"id1")):
        one = Asset(wanted, "counts", "free", (), drive=("FOLDER", wanted))
        assert assets.fetch(one, tmp_path, say=lambda _: None).read_bytes() == expected
    with pytest.raises(InputError, match=r"FOLDER: holds no visam\.npy; there are a/visp\.npy, deep/er/visl\.npy"):
        assets.fetch(Asset("visam.npy", "counts", "free", (), drive=("FOLDER", "visam.npy")), tmp_path)


def test_drives_quota_is_one_line(tmp_path, monkeypatch):
    def refuse(**_):
        raise FileURLRetrievalError("Too many users have viewed or downloaded\n\tthis file recently.")

    monkeypatch.setattr(gdown, "download", refuse)
    with pytest.raises(
        InputError, match=r"^Google Drive file ID: Too many users have viewed or downloaded this file recently"
    ):
        drive.download("ID", tmp_path / "part")
    monkeypatch.setattr(gdown, "download_folder", refuse)
    with pytest.raises(InputError, match=r"^Google Drive folder ID: cannot be listed \(Too many users"):
        drive.listing("ID")


def test_the_registry_knows_every_file_that_the_published_study_asks_for():
    wanted = yaml.safe_load((ROOT / "config/paper.yaml").read_text())["assets"]
    assert len(wanted) > 30
    for file in wanted:
        folder, path = registry.split(file)
        assert folder == "data/paper"
        one = registry.assets()[path]
        assert one.where
        assert one.licence
        assert one.cite
    assert registry.split("mine/own.npy") is None


def test_an_unknown_asset_is_told_with_the_nearest():
    with pytest.raises(InputError, match=r"did you mean 'checkpoints/imagenet/cornet_rt\.pth'"):
        registry.find("checkpoints/imagenet/cornet_rtt.pth")


def test_the_command_lists_plans_and_verifies(tmp_path, capsys):
    assert cli.main(["fetch", "--list", "--only", "cornet_s.pth"]) == 0
    assert "GPL-3.0" in capsys.readouterr().out
    assert cli.main(["fetch", "--dry-run", "--to", str(tmp_path), "--only", "cornet_s.pth"]) == 0
    assert "would be fetched from https://" in capsys.readouterr().out
    assert cli.main(["fetch", "--verify", "--to", str(tmp_path), "--only", "cornet_s.pth"]) == 2
    assert capsys.readouterr().err.endswith("cornet_s.pth: is not there\n")
    assert cli.main(["fetch", "--to", str(tmp_path), "--only", "natural_scenes.npy"]) == 2
    assert "no program can fetch it. Get it with the AllenSDK" in capsys.readouterr().err


def packed(path, members):
    """A .zip or .tar.gz of (name, bytes, kind) members."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content, kind in members:
                info = zipfile.ZipInfo(name)
                info.external_attr = {"file": stat.S_IFREG, "link": stat.S_IFLNK}[kind] << 16
                archive.writestr(info, content)
        return path
    with tarfile.open(path, "w:gz") as archive:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type = {"file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "device": tarfile.CHRTYPE}[kind]
            info.linkname, info.size = "/etc/passwd" if kind == "link" else "", len(content) if kind == "file" else 0
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_an_archive_is_unpacked_whole(ending, tmp_path):
    archive = packed(tmp_path / f"a.{ending}", [("one/a.npy", b"a", "file"), ("b.npy", b"b", "file")])
    found = archives.extract(archive, tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in found] == ["b.npy", "one/a.npy"]
    with pytest.raises(InputError, match="is there already"):
        archives.extract(archive, tmp_path / "out")


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
@pytest.mark.parametrize(
    ("member", "told"),
    [
        (("../evil", b"x", "file"), "would leave the folder"),
        (("/etc/evil", b"x", "file"), "would leave the folder"),
        (("a/../../evil", b"x", "file"), "would leave the folder"),
        (("link", b"/etc/passwd", "link"), "a link or device"),
    ],
)
def test_an_archive_that_would_leave_its_folder_is_not_touched(ending, member, told, tmp_path):
    archive = packed(tmp_path / f"a.{ending}", [("good", b"x", "file"), member])
    with pytest.raises(InputError, match=rf"{told}.*nothing was unpacked"):
        archives.extract(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [archive]


def test_a_device_a_bomb_and_a_broken_archive_are_refused(tmp_path):
    with pytest.raises(InputError, match="a link or device"):
        archives.extract(packed(tmp_path / "a.tar.gz", [("null", b"", "device")]), tmp_path / "out")
    with pytest.raises(InputError, match="holds 5 MB, and 1 MB are allowed"):
        archives.extract(packed(tmp_path / "b.zip", [("big", bytes(5 * 10**6), "file")]), tmp_path / "out", limit=10**6)
    (tmp_path / "c.zip").write_bytes(b"PK no archive")
    with pytest.raises(InputError, match=r"is no readable \.zip or \.tar archive"):
        archives.extract(tmp_path / "c.zip", tmp_path / "out")
