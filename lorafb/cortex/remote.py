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

BLOCK, BLOCKS = 2**20, 96
"""Bytes of a block, and blocks kept: HDF5's own tables are small and scattered, spike times are long runs."""
TIMEOUT_S = (10, 60)
BUSY = (429, 500, 502, 503, 504)
TRIES, BACKOFF_S = 6, 0.5


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

    def _fetch_range(self, start: int, end: int) -> bytes:
        """Read bytes `start` to `end` - 1; a line that was cut is tried again."""
        end = min(end, self.size)
        wanted = {"Range": f"bytes={start}-{end - 1}"}
        if etag := self.identity.get("etag"):
            wanted["If-Match"] = etag
        for attempt in range(TRIES):
            try:
                answer = self.session.get(self.url, headers=wanted, timeout=TIMEOUT_S)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout) as error:
                self._again(attempt, str(error))
                continue
            self.requests += 1
            if answer.status_code != 206 or _version(answer) != self._version:
                raise InputError(
                    f"{self.url}: has changed while it was read, or its server stopped serving byte ranges"
                )
            if len(answer.content) == end - start:
                self.bytes_read += len(answer.content)
                return bytes(answer.content)
            self._again(attempt, f"{len(answer.content)} of {end - start} bytes came")
        raise InputError(f"{self.url}: the line was cut {TRIES} times on end; start again later")

    @property
    def _version(self) -> dict[str, str]:
        return {key: value for key, value in self.identity.items() if key in ("etag", "last_modified")}

    def _again(self, attempt: int, why: str) -> None:
        log.warning("%s: %s; tried again", self.url, why)
        time.sleep(BACKOFF_S * 2**attempt if attempt < TRIES - 1 else 0)


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
        retries = Retry(total=TRIES, backoff_factor=BACKOFF_S, status_forcelist=BUSY, raise_on_status=False)
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retries))
        session.headers["Accept-Encoding"] = "identity"  # ranges are of the bytes as they lie there
        answer = _first_byte(session, url)
        file = RemoteFile(
            session, url, int(answer.headers["Content-Range"].rpartition("/")[2]), _version(answer), block
        )
        yield file
        told = file.bytes_read / 2**20, file.size / 2**20, file.requests
        log.info("%s: read %.1f of %.1f MB in %d requests", url, *told)


def _first_byte(session: requests.Session, url: str) -> requests.Response:
    try:
        answer = session.get(url, headers={"Range": "bytes=0-0"}, timeout=TIMEOUT_S, stream=True)
    except requests.RequestException as error:
        raise InputError(f"{url}: cannot be reached ({' '.join(str(error).split())[:200]})") from None
    with answer:
        if answer.status_code == 200:
            raise InputError(
                f"{url}: the server does not serve byte ranges; download the whole file and name that instead"
            )
        if answer.status_code != 206 or "Content-Range" not in answer.headers:
            raise InputError(f"{url}: the server answers {answer.status_code} {answer.reason}, expected a file")
    return answer


def _version(answer: requests.Response) -> dict[str, str]:
    told = {"etag": answer.headers.get("ETag"), "last_modified": answer.headers.get("Last-Modified")}
    return {key: value for key, value in told.items() if value}
