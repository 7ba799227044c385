"""A session that lies on a server, read by byte ranges: a study needs a small part of its 2 GB.

A file that is replaced while it is read would give spikes of two recordings; so every range is asked of the version that the
first answer named, and any other version is an error.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from fsspec.spec import AbstractBufferedFile
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from lorafb.files import InputError

log = logging.getLogger(__name__)
logging.getLogger("fsspec").setLevel(logging.WARNING)  # it would log every block

BLOCK, BLOCKS = 2**20, 32
"""Bytes of a block, and blocks kept: the best of those that benchmarks/counting.py compares."""
LONG = 1
"""Blocks from which on bytes are asked for in one request and not kept: spike times are long runs, read once."""
PIECE = 2**18
"""Bytes taken off the line at a time; no more are lost when it is cut."""
TIMEOUT_S = (10, 60)
BUSY = (429, 500, 502, 503, 504)
TRIES, BACKOFF_S, LONGEST_WAIT_S = 6, 0.5, 60
CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout)


class RemoteFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file on a server that answers byte ranges, seekable, its last blocks kept in memory.

    Attributes
    ----------
    identity : dict
        url, size, and etag and last_modified where the server tells them: what a result was made from.
    bytes_read, requests : int
        What has been asked of the server.
    """

    def __init__(
        self, session: requests.Session, url: str, size: int, version: dict[str, str], block: int = BLOCK
    ) -> None:
        self.session, self.url = session, url
        self.identity: dict[str, Any] = {"url": url, "size": size, **version}
        self.bytes_read = self.requests = 0
        super().__init__(
            None, url, "rb", block_size=block, cache_type="blockcache", cache_options={"maxblocks": BLOCKS}, size=size
        )

    def read(self, length: int = -1) -> bytes:
        """Read from here on: from the blocks that are kept, or a long run in one request."""
        if length < LONG * self.blocksize:
            return bytes(super().read(length))
        content = self._fetch_range(self.loc, min(self.loc + length, self.size))
        self.loc += len(content)
        return content

    def _fetch_range(self, start: int, end: int) -> bytes:
        """Read bytes `start` to `end` - 1; where the line was cut it goes on from there."""
        end, content, fruitless = min(end, self.size), bytearray(), 0
        while start + len(content) < end:
            had = len(content)
            try:
                self._receive(start, end, content)
            except CUT as error:
                log.warning("%s: %s; tried again", self.url, " ".join(str(error).split()))
                fruitless = fruitless + 1 if len(content) == had else 0
                if fruitless == TRIES:
                    raise InputError(f"{self.url}: the line was cut {TRIES} times on end; start again later") from None
                time.sleep(BACKOFF_S * 2**fruitless)
        return bytes(content)

    def _receive(self, start: int, end: int, content: bytearray) -> None:
        """Append to `content`, which begins at `start`, what the server sends of the rest up to `end`, and no more."""
        begin = start + len(content)
        wanted = {"Range": f"bytes={begin}-{end - 1}"}
        etag = self.identity.get("etag", "")
        if etag.startswith('"'):  # a weak one never matches
            wanted["If-Match"] = etag
        with self.session.get(self.url, headers=wanted, timeout=TIMEOUT_S, stream=True) as answer:
            self.requests += 1
            if answer.status_code not in (200, 206, 412):
                raise InputError(f"{self.url}: {_told(answer)} in the middle of the file; start again later")
            range_told = f"bytes {begin}-{end - 1}/{self.size}"
            if answer.headers.get("Content-Range") != range_told or _version(answer) != self._version:
                raise InputError(
                    f"{self.url}: has changed while it was read, or its server stopped serving byte ranges"
                )
            for piece in answer.iter_content(PIECE):
                content += piece[: end - start - len(content)]
                self.bytes_read += len(piece)

    @property
    def _version(self) -> dict[str, str]:
        return {key: value for key, value in self.identity.items() if key in ("etag", "last_modified")}


@contextmanager
def either(path: str | None, url: str | None) -> Iterator[tuple[str | RemoteFile, dict[str, Any]]]:
    """Give a session that lies here, or open one on a server; and what is known of the server's, to be kept with results."""
    if url is None:
        yield str(path), {}
        return
    with opened(url) as file:
        yield file, {"remote": file.identity}


@contextmanager
def opened(url: str, block: int = BLOCK) -> Iterator[RemoteFile]:
    """Open a file on a server.

    Parameters
    ----------
    url : its address
    block : bytes of a block

    Raises
    ------
    InputError
        One line: the server cannot be reached, refuses, has no such file, or does not serve byte ranges.
    """
    with requests.Session() as session:
        retries = Retry(
            total=TRIES,
            backoff_factor=BACKOFF_S,
            status_forcelist=BUSY,
            raise_on_status=False,
            retry_after_max=LONGEST_WAIT_S,
        )
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retries))
        session.headers["Accept-Encoding"] = "identity"  # ranges are of the bytes as they lie there
        size, version = _first_byte(session, url)
        file = RemoteFile(session, url, size, version, block)
        yield file
        told = file.bytes_read / 2**20, file.size / 2**20, file.requests
        log.info("%s: read %.1f of %.1f MB in %d requests", url, *told)


def _first_byte(session: requests.Session, url: str) -> tuple[int, dict[str, str]]:
    """Size and version of a file, from the answer to a request for its first byte."""
    try:
        answer = session.get(url, headers={"Range": "bytes=0-0"}, timeout=TIMEOUT_S, stream=True)
    except requests.RequestException as error:
        raise InputError(f"{url}: cannot be reached ({' '.join(str(error).split())[:200]})") from None
    with answer:
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
        if answer.status_code == 200 or (answer.status_code == 206 and not size.isdigit()):
            raise InputError(
                f"{url}: the server does not serve byte ranges; download the whole file and name that instead"
            )
        if answer.status_code != 206:
            raise InputError(f"{url}: {_told(answer)}, expected a file")
        next(answer.iter_content(1), b"")  # read to its end, the connection can be used again
        return int(size), _version(answer)


def _told(answer: requests.Response) -> str:
    return f"the server answers {answer.status_code} {answer.reason}"


def _version(answer: requests.Response) -> dict[str, str]:
    told = {"etag": answer.headers.get("ETag"), "last_modified": answer.headers.get("Last-Modified")}
    return {key: value for key, value in told.items() if value}
