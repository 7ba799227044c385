"""One file from one address, resumed where an earlier try stopped.

A file could get the beginning of one version and the end of another. So a note beside an unfinished file holds its address and
version, and the server is asked to go on only with that version.
"""

import shutil
from pathlib import Path

import requests

from lorafb import web
from lorafb.fetch import part_file
from lorafb.files import InputError, Progress


def download(
    url: str,
    part: Path,
    *,
    size: int | None = None,
    progress: Progress | None = None,
    find_address: web.FindAddress | None = None,
) -> None:
    """Fetch a file into `part`, going on where an earlier try stopped.

    Parameters
    ----------
    url : https address (http only where the address itself says so)
    part : the unfinished file; see `part_file`
    size : bytes that the file must have, where known
    progress : called with (bytes received, bytes of all)
    find_address : finds the address behind a web page in front of the file

    Raises
    ------
    InputError
        One line: what the server answered, what was expected. What has been received stays in `part`.
    """
    web.retried(
        url,
        lambda: _try(url, part, size, progress, find_address),
        lambda: part_file.size(part),
        "start again later, it goes on where it stopped",
    )


def _try(
    url: str, part: Path, size: int | None, progress: Progress | None, find_address: web.FindAddress | None
) -> None:
    """Receive the rest of the file, or all of it."""
    version = part_file.version_of(part, url)
    there = part_file.size(part) if version else 0  # without a version nobody knows what the beginning belongs to
    headers = {"Range": f"bytes={there}-", "If-Range": version} if there else {}
    with requests.Session() as session, web.get(session, url, headers, 416, find_address) as answer:
        first, total = web.content_range(answer)
        if answer.status_code == 416 and there and total == there:
            return
        same = first == there and web.version(answer) in ("", version)
        if answer.status_code == 416 or (answer.status_code == 206 and not same):
            part_file.empty(part)
            raise web.Retry("the server gives another range, or version, than was asked for")
        if answer.status_code == 200:
            there = 0
        length = web.number(answer.headers.get("Content-Length"))
        expected = size or 0 if length is None else there + length
        if size is not None and expected != size:
            raise InputError(f"{url}: has {expected} bytes, expected {size}")
        check_space(part, expected - there)
        with part.open("r+b" if there else "wb") as file:
            file.seek(there)
            part_file.mark(part, url, web.version(answer))
            for chunk in web.chunks(answer):
                file.write(chunk)
                there += len(chunk)
                if progress is not None:
                    progress(there, max(expected or there + 1, there))
                if size is not None and there > size:
                    break
    if size is not None and there > size:
        part_file.empty(part)
        raise InputError(f"{url}: gave {there} bytes, expected {size}")
    if there < expected:
        raise web.Retry(f"received {there} of {expected} bytes")
    if progress is not None and not expected:
        progress(there, there)


def check_space(part: Path, needed: int) -> None:
    """Raise InputError where the disk has no room for so many bytes more."""
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise InputError(f"{part.parent}: needs {needed / 1e6:.0f} MB more, but {free / 1e6:.0f} MB are free")
