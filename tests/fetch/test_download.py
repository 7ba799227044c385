"""A server that fails in many ways: the download ends right, or stops with one line and leaves nothing in the file's place."""

import shutil
import socket
import time
from collections import namedtuple
from email.utils import formatdate

import pytest
from web_server import CONTENT, serving

from lorafb import web
from lorafb.fetch import download, part_file
from lorafb.files import InputError

OLD = bytes(len(CONTENT))
GOOD_ENDS = {
    "nothing fails": {},
    "cut": {"cuts": 4},
    "cut, no ranges": {"cuts": 3, "ranges": False},
    "cut, no versions": {"cuts": 2, "etags": [""]},
    "changed in between, with a weak version": {"cuts": 1, "etags": ['W/"weak"'], "old": OLD},
    "busy": {"statuses": [503, 429, 500]},
    "asked to wait": {"statuses": [429], "retry_after": "1"},
    "asked to wait, in no number": {"statuses": [503], "retry_after": "soon"},
    "changed in between": {"cuts": 2, "etags": ['"one"', '"two"'], "old": OLD},
    "changed in between, unseen by the server": {"cuts": 1, "etags": ['"one"', '"two"'], "old": OLD, "blind": True},
    "changed in between, with no version": {"cuts": 2, "etags": [""], "old": OLD},
    "another range than asked for": {"cuts": 1, "wrong_range": 7},
    "slow, but never silent for long": {"throttle_s": 0.1},
    "no length given": {"length": False},
}


@pytest.mark.parametrize("ways", GOOD_ENDS.values(), ids=GOOD_ENDS)
def test_the_file_is_complete_in_the_end(ways, tmp_path):
    with serving(**ways) as (url, _):
        download.download(url, tmp_path / "part")
    part_file.finish(tmp_path / "part", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_cut_download_goes_on_where_it_stopped(tmp_path):
    with serving(cuts=1) as (url, log):
        download.download(url, tmp_path / "part")
    assert log == [None, f"bytes={len(CONTENT) // 2}-"]


def test_a_connection_that_is_cut_often_but_makes_progress_is_not_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "STEP", 1)
    with serving(cuts=12) as (url, log):
        download.download(url, tmp_path / "part")
    assert len(log) == 13
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_another_start_goes_on_where_the_first_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "TRIES", 1)
    with serving(cuts=1) as (url, log):
        with pytest.raises(InputError, match=r"received 51200 of 102400 bytes \(1 tries\); start again later"):
            download.download(url, tmp_path / "part")
        download.download(url, tmp_path / "part")
    assert log[1] == "bytes=51200-"
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_download_interrupted_by_its_user_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "CHUNK", 2**12)

    def stop(there, _):
        raise KeyboardInterrupt

    with serving() as (url, log):
        with pytest.raises(KeyboardInterrupt):
            download.download(url, tmp_path / "part", progress=stop)
        there = (tmp_path / "part").stat().st_size
        assert 0 < there < len(CONTENT)
        download.download(url, tmp_path / "part")
    assert log == [None, f"bytes={there}-"]
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.parametrize("tag", [None, 'http://elsewhere.org/file\n"one"'])
def test_a_part_of_unknown_or_other_origin_is_not_continued(tag, tmp_path):
    (tmp_path / "part").write_bytes(b"of something else")
    if tag:
        (tmp_path / "part.tag").write_text(tag)
    with serving() as (url, log):
        download.download(url, tmp_path / "part")
    assert log == [None]
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_part_that_is_already_complete_is_used(tmp_path):
    with serving() as (url, log):
        (tmp_path / "part").write_bytes(CONTENT)
        (tmp_path / "part.tag").write_text(f'{url}\n"one"')
        download.download(url, tmp_path / "part")
    assert log == [f"bytes={len(CONTENT)}-"]


def test_a_part_longer_than_the_file_is_started_again(tmp_path):
    with serving() as (url, log):
        (tmp_path / "part").write_bytes(CONTENT + b"more")
        (tmp_path / "part.tag").write_text(f'{url}\n"one"')
        download.download(url, tmp_path / "part")
    assert log == [f"bytes={len(CONTENT) + 4}-", None]
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ({"statuses": [403]}, "the server answers 403 Forbidden"),
        (
            {"page": b"Google Drive - Quota exceeded", "status": 403},
            "the server answers 403 Forbidden: the file's quota is used up; try again in a day",
        ),
        ({"statuses": [404]}, "the server answers 404 Not Found"),
        ({"statuses": [416] * 9}, "another range, or version, than was asked for (6 tries)"),
        ({"statuses": [503] * 9}, "the server answers 503 Service Unavailable (6 tries); start again later"),
        (
            {"statuses": [429], "retry_after": "3600"},
            "the server answers 429 Too Many Requests, and asks for a wait of 60 minutes",
        ),
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
        ({"hang_s": 1}, "timed out"),
        ({"location": "file:///etc/passwd"}, "is redirected to file:///etc/passwd, which is not followed"),
        ({"location": "/file"}, "is redirected more than 8 times"),
    ],
)
def test_a_server_that_does_not_give_the_file_is_reported_in_one_line(ways, expected, tmp_path):
    with serving(**ways) as (url, _), pytest.raises(InputError, match=r"^http://127[^\n]*$") as error:
        download.download(url, tmp_path / "part")
    assert expected in str(error.value)


def test_no_internet_is_reported_at_once(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(InputError, match=r"no such host is known \(no internet\?\)"):
        download.download("https://nowhere.invalid/file", tmp_path / "part")


def test_a_redirect_never_leaves_https():
    assert web.next_address("u", "https://a.org/x", "/y") == "https://a.org/y"
    assert web.next_address("u", "http://a.org/x", "https://b.org/y") == "https://b.org/y"
    with pytest.raises(InputError, match=r"is redirected to http://b\.org/y, which is not followed"):
        web.next_address("u", "https://a.org/x", "http://b.org/y")


def test_a_time_to_wait_is_read_from_seconds_and_from_dates():
    assert web.retry_after("12") == 12
    assert 50 < web.retry_after(formatdate(time.time() + 60, usegmt=True)) <= 60
    assert web.retry_after("Mon, 05 Jan 1970 00:00:00 GMT") == web.retry_after("soon") == 0


@pytest.mark.parametrize("length", [None, False])
def test_a_file_of_another_size_is_refused(length, tmp_path):
    ways = {} if length is None else {"length": length}
    with serving(**ways) as (url, _), pytest.raises(InputError, match=r"\d+ bytes, expected 7"):
        download.download(url, tmp_path / "part", size=7)


def test_a_file_of_another_size_is_refused_before_it_is_received(tmp_path):
    with serving() as (url, _), pytest.raises(InputError, match="has 102400 bytes, expected 7"):
        download.download(url, tmp_path / "part", size=7)
    assert not (tmp_path / "part").exists()


def test_a_full_disk_is_reported_before_anything_is_received(tmp_path, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1000))
    with serving() as (url, _), pytest.raises(InputError, match="needs 0 MB more, but 0 MB are free"):
        download.download(url, tmp_path / "part")
    assert not (tmp_path / "part").exists()


def test_progress_counts_bytes_to_the_end(tmp_path):
    seen = []
    with serving() as (url, _):
        download.download(url, tmp_path / "part", progress=lambda *now: seen.append(now))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
