"""Archives of others: unpacked completely inside their folder, or not at all."""

import io
import shutil
import stat
import tarfile
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from lorafb.fetch import archives
from lorafb.files import InputError


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
def test_an_archive_is_unpacked_completely(ending, tmp_path):
    archive = packed(tmp_path / f"a.{ending}", [("one/a.npy", b"a", "file"), ("b.npy", b"b", "file")])
    files = archives.extract(archive, tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in files] == ["b.npy", "one/a.npy"]
    with pytest.raises(InputError, match="is there already"):
        archives.extract(archive, tmp_path / "out")


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_an_archive_that_would_leave_its_folder_is_not_unpacked(ending, tmp_path):
    for name in ("../evil", "/etc/evil", "a/../../evil", "C:/evil", "..\\evil"):
        archive = packed(tmp_path / f"a.{ending}", [("good", b"x", "file"), (name, b"x", "file")])
        with pytest.raises(InputError, match=r"would leave the folder.*nothing was unpacked"):
            archives.extract(archive, tmp_path / "out")
    archive = packed(tmp_path / f"a.{ending}", [("good", b"x", "file"), ("link", b"/etc/passwd", "link")])
    with pytest.raises(InputError, match=r"a link or device.*nothing was unpacked"):
        archives.extract(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [archive]


def test_a_device_a_bomb_and_a_broken_archive_are_refused(tmp_path):
    with pytest.raises(InputError, match="a link or device"):
        archives.extract(packed(tmp_path / "a.tar.gz", [("null", b"", "device")]), tmp_path / "out")
    with pytest.raises(InputError, match=r"holds 5 MB or more, and 1 MB in .* members are allowed"):
        archives.extract(packed(tmp_path / "b.zip", [("big", bytes(5 * 10**6), "file")]), tmp_path / "out", limit=10**6)
    (tmp_path / "c.zip").write_bytes(b"PK no archive")
    with pytest.raises(InputError, match=r"is no readable \.zip or \.tar archive"):
        archives.extract(tmp_path / "c.zip", tmp_path / "out")


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_only_the_members_asked_for_are_unpacked_and_counted(ending, tmp_path):
    archive = packed(tmp_path / f"a.{ending}", [("big", bytes(5 * 10**6), "file"), ("one/small", b"s", "file")])
    (file,) = archives.extract(archive, tmp_path / "out", only={"one/small"}, limit=10**6)
    assert file == tmp_path / "out" / "one" / "small"
    assert file.read_bytes() == b"s"


def test_a_bomb_is_detected_by_its_header_without_unpacking(tmp_path):
    bomb = tmp_path / "bomb.tar"
    with tarfile.open(bomb, "w") as archive:
        info = tarfile.TarInfo("zeros")
        info.size = 10**15  # the archive ends long before
        archive.fileobj.write(info.tobuf())
    with pytest.raises(InputError, match=r"holds 1000000000 MB or more, and 500000 MB in 2000000 members are allowed"):
        archives.extract(bomb, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [bomb]


def test_a_full_disk_is_reported_before_anything_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    archive = packed(tmp_path / "a.zip", [("a", bytes(100), "file")])
    with pytest.raises(InputError, match=" 0 MB are free; nothing was unpacked"):
        archives.extract(archive, tmp_path / "out")


def unpacked(archive, folder):
    """Error of an archive that is refused; empty for one that is unpacked."""
    try:
        archives.extract(archive, folder)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_an_archive_with_any_byte_damaged_is_unpacked_whole_or_refused_in_one_line(ending, tmp_path):
    content = np.random.default_rng(3).integers(0, 256, 200, dtype=np.uint8).tobytes()
    good = packed(tmp_path / f"good.{ending}", [("a.bin", content, "file")]).read_bytes()
    bad, out, refused = tmp_path / f"bad.{ending}", tmp_path / "out", 0
    for place in range(len(good)):
        bad.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        error = unpacked(bad, out)
        assert "\n" not in error
        assert [path.read_bytes() for path in out.rglob("*") if path.is_file()] == ([] if error else [content])
        refused += bool(error)
        shutil.rmtree(out, ignore_errors=True)
    assert refused > 200  # the other bytes are dates, names and the like
    assert sorted(one.name for one in tmp_path.iterdir()) == [f"bad.{ending}", f"good.{ending}"]
