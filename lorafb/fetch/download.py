"""One file from one address, resumed where it was cut, and never a page of excuses in the place of data.

The danger of every downloader is the error page that is saved as a data file: it has a name, a size, and a status of 200. So a
page of HTML is an error wherever no page was asked for. The other danger is a beginning of one version with the end of another:
beside an unfinished file stands which address and version it is of, and the server is asked to go on only with that one.
"""

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import requests
import urllib3.exceptions

from lorafb.fetch import answers, unfinished
from lorafb.files import InputError, one_line

Progress = Callable[[int, int], None]
Past = Callable[[str], str | None]
"""Of the text of a web page: the address of the file behind it, or None where there is none."""

BUSY = (408, 425, 429, 500, 502, 503, 504)
TIMEOUT_S = (10, 60)
TRIES, BACKOFF_S, LONGEST_S = 6, 1.0, 120.0
"""Tries in a row that bring next to nothing; seconds before the second one, twice as many before each next; most seconds."""
STEP, CHUNK = 2**20, 2**16
REDIRECTS = 8


class Cut(Exception):
    """The line was cut, or the server is busy: worth another try, after some seconds."""

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.after_s = after_s


def download(
    url: str, part: Path, *, size: int | None = None, progress: Progress | None = None, past: Past | None = None
) -> None:
    """Fetch a file into `part`, going on where an earlier try stopped.

    Parameters
    ----------
    url : https address (http only where the address itself says so)
    part : the unfinished file; beside it `part`.tag says which address and version it is of. Both stay: see `unfinished`
    size : bytes that the file must have, where known
    progress : called with (bytes there, bytes of all)
    past : finds the way past a web page that stands before the file

    Raises
    ------
    InputError
        One line: what the server said, what was expected. What has come stays in `part`.
    """
    failed, mark = 0, unfinished.size(part)
    while True:
        wait = 0.0
        try:
            with requests.Session() as session:
                _try(session, url, part, size, progress, past)
            return
        except Cut as cut:
            why, wait = str(cut), cut.after_s
        except requests.exceptions.ChunkedEncodingError as error:
            why = one_line(error)
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            why = one_line(error)
            if hopeless := answers.hopeless(error):
                raise InputError(f"{url}: {hopeless}") from None
        except InputError:
            raise
        except (requests.RequestException, ValueError) as error:  # it reads the address of a redirect, and may stumble
            raise InputError(f"{url}: {one_line(error)}") from None
        failed = 0 if unfinished.size(part) - mark >= STEP else failed + 1
        mark = max(mark, unfinished.size(part))
        if failed >= TRIES:
            raise InputError(f"{url}: {why} ({TRIES} tries); start again later, it goes on where it stopped")
        if wait > LONGEST_S:
            raise InputError(f"{url}: {why}, and asks to be left alone for {math.ceil(wait / 60)} minutes")
        time.sleep(max(wait, min(BACKOFF_S * 2.0 ** max(failed - 1, 0), LONGEST_S)))


def _try(
    session: requests.Session, url: str, part: Path, size: int | None, progress: Progress | None, past: Past | None
) -> None:
    there, version = unfinished.size(part), unfinished.version_of(part, url)
    headers = {"Accept-Encoding": "identity"}
    if there and version:  # without a version nobody knows what the beginning is of
        headers |= {"Range": f"bytes={there}-", "If-Range": version}
    else:
        there = 0
    with _answer(session, url, headers, past) as answer:
        if answer.status_code == 416 and there and answers.total(answer) == there:
            return
        if answer.status_code == 416 or (answer.status_code == 206 and not _continues(answer, there, version)):
            unfinished.discard(part)
            raise Cut("the server gives another range, or version, than it was asked for")
        if (packed := answer.headers.get("Content-Encoding", "identity")) != "identity":
            raise InputError(f"{url}: comes packed ({packed}), though it was asked for as it is")
        if answer.status_code == 200:
            there = 0
        length = answers.number(answer.headers.get("Content-Length"))
        of_all = None if length is None else there + length
        if size is not None and of_all not in (None, size):
            raise InputError(f"{url}: has {of_all} bytes, expected {size}")
        has_room(part, (of_all or size or 0) - there)
        answer.raw.enforce_content_length = False  # what came before a cut is kept, and counted below
        with part.open("r+b" if there else "wb") as file:
            file.seek(there)
            unfinished.mark(part, url, answers.validator(answer))
            for chunk in answer.raw.stream(CHUNK, decode_content=False):
                file.write(chunk)
                there += len(chunk)
                if progress is not None:
                    progress(there, max(of_all or size or there + 1, there))
                if size is not None and there > size:
                    break
    if size is not None and there > size:
        unfinished.discard(part)
        raise InputError(f"{url}: gave {there} bytes, expected {size}")
    if there < (of_all or size or 0):
        raise Cut(f"{there} of {of_all or size} bytes came")
    if progress is not None and not (of_all or size):
        progress(there, there)


def _continues(answer: requests.Response, there: int, version: str) -> bool:
    """Whether a range is the one asked for, of the version asked for."""
    return answers.first(answer) == there and answers.validator(answer) in ("", version)


def _answer(session: requests.Session, url: str, headers: dict[str, str], past: Past | None) -> requests.Response:
    """Follow redirects, and one page that stands before the file."""
    asked = url
    for _ in range(REDIRECTS):
        answer = session.get(asked, headers=headers, timeout=TIMEOUT_S, stream=True, allow_redirects=False)
        if answer.is_redirect:
            answer.close()
            asked = answers.next_address(url, asked, answer.headers["Location"])
            continue
        page = answers.page(answer)
        behind = past(page) if past is not None and answer.status_code == 200 and page else None
        if behind is None:
            _check(url, answer, page)
            return answer
        answer.close()
        asked, past = answers.next_address(url, asked, behind), None
    raise InputError(f"{url}: is redirected more than {REDIRECTS} times")


def _check(url: str, answer: requests.Response, page: str) -> None:
    said = f"the server answers {answer.status_code} {answer.reason}"
    if answer.status_code in BUSY:
        answer.close()
        raise Cut(said, answers.retry_after(answer.headers.get("Retry-After", "")))
    if answer.status_code in (200, 206) and page:
        answer.close()
        raise InputError(f"{url}: a web page came instead of the file: {answers.meaning(page) or 'it may have moved'}")
    if answer.status_code not in (200, 206, 416):
        answer.close()
        meaning = answers.meaning(page)
        raise InputError(f"{url}: {said}{': ' if meaning else ''}{meaning}")


def has_room(part: Path, needed: int) -> None:
    """Raise InputError where so many bytes more have no room."""
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise InputError(f"{part.parent}: {needed / 1e6:.0f} MB are to come, and {free / 1e6:.0f} MB are free")
