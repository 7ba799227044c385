"""A session on a server, read by byte ranges: a study needs a small part of its 2 GB.

A file that is replaced while it is read would give spikes of two recordings. So every range is asked of the version that the
first answer named, and any other version is an error.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from fsspec.spec import AbstractBufferedFile

from lorafb import web
from lorafb.files import InputError

log = logging.getLogger(__name__)
logging.getLogger("fsspec").setLevel(logging.WARNING)  # it would log every block

BLOCK, BLOCKS = 2**20, 32
"""Bytes of a block, and blocks in memory: the best of those that benchmarks/counting.py compares."""
LONG = 1
"""Blocks from which on bytes are read in one request, without the blocks in memory: spike times are long runs, read once."""


class RemoteFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file on a server that serves byte ranges, seekable, its last blocks in memory.

    Attributes
    ----------
    identity : dict
        url, size, and etag and last_modified where the server gives them: what a result was made from.
    bytes_read, requests : int
        Bytes received, and answers.
    """

    def __init__(self, session: requests.Session, url: str, block: int) -> None:
        self.session, self.url = session, url
        self.bytes_read = self.requests = 0
        size = web.retried(url, self._first_byte)
        self.identity: dict[str, Any] = {"url": url, "size": size, **self.version}
        super().__init__(
            None, url, "rb", block_size=block, cache_type="blockcache", cache_options={"maxblocks": BLOCKS}, size=size
        )

    def read(self, length: int = -1) -> bytes:
        """Read from the present position: from the blocks in memory, or a long run in one request."""
        if length < LONG * self.blocksize:
            return bytes(super().read(length))
        content = self._fetch_range(self.loc, min(self.loc + length, self.size))
        self.loc += len(content)
        return content

    def _first_byte(self) -> int:
        """Ask for the first byte; set the version and return the size of the whole file."""
        with web.get(self.session, self.url, {"Range": "bytes=0-0"}) as answer:
            _, size = web.content_range(answer)
            if answer.status_code == 200 or size is None:
                raise InputError(
                    f"{self.url}: the server does not serve byte ranges; download the whole file and name that instead"
                )
            next(answer.iter_content(1), b"")  # after the last byte the connection can be used again
            self.version = _version(answer)
            return size

    def _fetch_range(self, start: int, end: int) -> bytes:
        """Read bytes `start` to `end` - 1; where the connection was cut it goes on from there."""
        end, content = min(end, self.size), bytearray()
        web.retried(self.url, lambda: self._receive(start, end, content), lambda: len(content))
        return bytes(content)

    def _receive(self, start: int, end: int, content: bytearray) -> None:
        """Append the rest up to byte `end` - 1 to `content`, which begins at `start`."""
        begin = start + len(content)
        if begin >= end:  # the connection failed after the last byte
            return
        headers = {"Range": f"bytes={begin}-{end - 1}"}
        if (etag := self.version.get("etag", "")).startswith('"'):  # a weak one never matches
            headers["If-Match"] = etag
        with web.get(self.session, self.url, headers, 412) as answer:
            self.requests += 1
            asked = f"bytes {begin}-{end - 1}/{self.size}"
            if answer.headers.get("Content-Range") != asked or _version(answer) != self.version:
                raise InputError(
                    f"{self.url}: has changed while it was read, or its server stopped serving byte ranges"
                )
            for chunk in web.chunks(answer):
                content += chunk[: end - start - len(content)]
                self.bytes_read += len(chunk)
        if len(content) < end - start:
            raise web.Retry(f"the connection was cut after {len(content)} of {end - start} bytes")


@contextmanager
def open_session(path: str | None, url: str | None) -> Iterator[tuple[str | RemoteFile, dict[str, Any]]]:
    """Open a local or remote session; the dict identifies the file on the server, for the results' provenance."""
    if url is None:
        yield str(path), {}
        return
    with open_remote(url) as file:
        yield file, {"remote": file.identity}


@contextmanager
def open_remote(url: str, block: int = BLOCK) -> Iterator[RemoteFile]:
    """Open a file on a server, to be read in blocks of so many bytes.

    Raises
    ------
    InputError
        One line: the server cannot be reached, refuses, has no such file, or does not serve byte ranges.
    """
    with requests.Session() as session:
        file = RemoteFile(session, url, block)
        yield file
        megabytes = file.bytes_read / 2**20, file.size / 2**20
        log.info("%s: read %.1f of %.1f MB in %d requests", url, *megabytes, file.requests)


def _version(answer: requests.Response) -> dict[str, str]:
    version = {"etag": answer.headers.get("ETag"), "last_modified": answer.headers.get("Last-Modified")}
    return {key: value for key, value in version.items() if value}
