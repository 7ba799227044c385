"""A server that fails in many ways: the download ends right, or stops with one line and leaves nothing in the file's place."""

import shutil
from collections import namedtuple

import pytest
from web_server import CONTENT, serving

from lorafb.fetch import download
from lorafb.files import InputError


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(download, "BACKOFF_S", 0.0)
    monkeypatch.setattr(download, "TIMEOUT_S", (1, 0.5))


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"cuts": 4},
        {"cuts": 3, "ranges": False},
        {"statuses": [503, 429, 500]},
        {"statuses": [429], "retry_after": "1"},
        {"cuts": 2, "etags": ['"one"', '"two"', '"two"']},
    ],
    ids=["as it should be", "cut", "cut, no ranges", "busy", "told to wait", "changed in between"],
)
def test_what_comes_in_the_end_is_the_file(ways, tmp_path):
    with serving(**ways) as (url, _):
        download.download(url, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_a_cut_download_goes_on_where_it_stopped(tmp_path):
    with serving(cuts=1) as (url, log):
        download.download(url, tmp_path / "part")
    assert log == [None, f"bytes={len(CONTENT) // 2}-"]


def test_another_start_goes_on_too(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TRIES", 1)
    with serving(cuts=1) as (url, log):
        with pytest.raises(InputError, match=r"51200 of 102400 bytes came \(1 tries\); start again later"):
            download.download(url, tmp_path / "part")
        download.download(url, tmp_path / "part")
    assert log[1] == "bytes=51200-"
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_beginning_of_unknown_origin_is_not_gone_on_from(tmp_path):
    (tmp_path / "part").write_bytes(b"of something else")
    with serving() as (url, log):
        download.download(url, tmp_path / "part")
    assert log == [None]
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_part_that_is_already_all_of_it_is_taken(tmp_path):
    (tmp_path / "part").write_bytes(CONTENT)
    (tmp_path / "part.tag").write_text('"one"')
    with serving() as (url, log):
        download.download(url, tmp_path / "part")
    assert log == [f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ({"statuses": [403]}, "the server answers 403 Forbidden"),
        ({"statuses": [404]}, "the server answers 404 Not Found"),
        ({"statuses": [503] * 9}, "the server answers 503 Service Unavailable (6 tries); start again later"),
        (
            {"page": b"Sorry, quota exceeded for this file"},
            "a web page came instead of the file: the file's quota is used up",
        ),
        ({"page": b"Please sign in"}, "it asks to log in"),
        (
            {"page": b"can't scan this file for viruses"},
            "it asks to confirm a download that is not scanned for viruses",
        ),
        ({"page": b"moved"}, "it may have moved"),
        ({"short": 10}, "(6 tries); start again later"),
        ({"hang_s": 2}, "timed out"),
        ({"location": "file:///etc/passwd"}, "is redirected to file:///etc/passwd, which is not followed"),
        ({"location": "/file"}, "is redirected more than 5 times"),
    ],
)
def test_a_server_that_does_not_give_the_file_is_told_in_one_line(ways, told, tmp_path):
    with serving(**ways) as (url, _), pytest.raises(InputError, match=r"^http://127[^\n]*$") as error:
        download.download(url, tmp_path / "part")
    assert told in str(error.value)


def test_a_file_of_another_size_is_refused_before_it_comes(tmp_path):
    with serving() as (url, _), pytest.raises(InputError, match="has 102400 bytes, expected 7"):
        download.download(url, tmp_path / "part", size=7)
    assert not (tmp_path / "part").exists()


def test_no_room_is_told_before_anything_comes(tmp_path, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1000))
    with serving() as (url, _), pytest.raises(InputError, match="0 MB are to come, and 0 MB are free"):
        download.download(url, tmp_path / "part")


def test_progress_counts_bytes_to_the_end(tmp_path):
    seen = []
    with serving() as (url, _):
        download.download(url, tmp_path / "part", progress=lambda *now: seen.append(now))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
