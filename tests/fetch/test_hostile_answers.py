"""Answers that no well-meaning server gives: each ends right, or stops with one line, and no wrong file stays."""

import pytest
from web_server import CONTENT, serving

from lorafb import web
from lorafb.fetch import download, fetch_asset, numbered_images
from lorafb.fetch.registry import Asset, Mirror
from lorafb.files import InputError


def asset(url, **more):
    return Asset("some/file.bin", "a file", "free", ("nobody",), (Mirror("https", url),), **more)


def test_a_time_to_wait_that_cannot_be_read_is_zero():
    for header in ("²", "9" * 400, "-5", "1e3", "Fri, 31 Dec 99999 23:59:59 GMT"):
        assert web.retry_after(header) == 0, header


@pytest.mark.parametrize("to", ["http://[::1", "http://", "http://a b:x/"])
def test_a_redirect_to_no_address_is_reported_in_one_line(to, tmp_path):
    with serving(location=to) as (url, _), pytest.raises(InputError, match=r"^http://127[^\n]*$"):
        download.download(url, tmp_path / "part")
    with pytest.raises(InputError, match="which is no address"):
        web.next_address("u", "https://a.org/", "http://[::1")


def test_more_bytes_than_the_file_has_are_not_received_to_their_end(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "CHUNK", 2**10)
    with (
        serving(length=False) as (url, _),
        pytest.raises(InputError, match=r"gave (\d{1,4}|\d\d{4}) bytes, expected 7"),
    ):
        download.download(url, tmp_path / "part", size=7)
    assert (tmp_path / "part").read_bytes() == b""


def test_an_answer_without_a_length_that_ends_early_is_asked_for_again(tmp_path):
    with serving(length=False, cuts=1) as (url, log):
        download.download(url, tmp_path / "part", size=len(CONTENT))
    assert len(log) == 2
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.parametrize("version", [b"\xff\xfe\x00", b'"one"\r\nX: y'], ids=["no text", "two lines"])
def test_a_part_with_a_damaged_note_is_started_again(version, tmp_path):
    with serving() as (url, log):
        (tmp_path / "part").write_bytes(CONTENT[:9])
        (tmp_path / "part.tag").write_bytes(url.encode() + b"\n" + version)
        download.download(url, tmp_path / "part")
    assert log == [None]
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_content_that_comes_packed_unasked_is_refused(tmp_path):
    with serving(packed="gzip") as (url, _), pytest.raises(InputError, match=r"comes packed \(gzip\)"):
        download.download(url, tmp_path / "part")


def test_progress_of_a_file_of_unknown_length_ends_once(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "CHUNK", 2**12)
    seen = []
    with serving(length=False) as (url, _):
        download.download(url, tmp_path / "part", progress=lambda *now: seen.append(now))
    assert len(seen) > 2
    assert [there >= of_all for there, of_all in seen] == [False] * (len(seen) - 1) + [True]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>quota", "is a web page"),
        (b"<!-- saved --><html>quota", "is a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is a web page"),
    ],
    ids=["empty", "byte order mark", "comment", "xml"],
)
def test_a_page_or_an_empty_file_is_not_trusted_on_first_use(content, expected, tmp_path):
    with serving(content) as (url, _), pytest.raises(InputError, match=expected):
        fetch_asset.fetch(asset(url), tmp_path)
    assert list((tmp_path / "some").iterdir()) == []


def test_a_persons_link_to_a_file_that_is_not_there_now_stays(tmp_path):
    (tmp_path / "some").mkdir()
    own = tmp_path / "some" / "file.bin"
    own.symlink_to("/not/mounted/file.bin")
    with serving() as (url, log), pytest.raises(InputError, match=r"is a link to /not/mounted/file\.bin"):
        fetch_asset.fetch(asset(url), tmp_path)
    assert log == []
    assert own.is_symlink()


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    (tmp_path / "some" / "file.bin").mkdir(parents=True)
    with pytest.raises(InputError, match=r"file\.bin: is a folder, expected a file"):
        fetch_asset.fetch(asset("http://127.0.0.1:9/"), tmp_path)


def test_a_disk_too_small_for_the_array_is_reported_before_it_is_mapped(tmp_path):
    one = Mirror("images", "http://127.0.0.1:9/{number}.tiff")
    with pytest.raises(InputError, match=r"needs \d+ MB more"):
        numbered_images.stack(one, (10**6, 10**6, 10**6), tmp_path / "part")
