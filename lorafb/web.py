"""HTTP requests that are retried where a retry can help, and that never take a web page for a file of data.

The danger of every downloader is an error page that is saved as data: it has a name, a size and often the status 200. So a page
of HTML is an error here, unless the caller knows such a page and finds the address of the file in it.
"""

import email.utils
import math
import re
import time
from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests

from lorafb.files import InputError, one_line

BUSY = (408, 425, 429, 500, 502, 503, 504)
TIMEOUT_S = (10, 60)
TRIES, BACKOFF_S, LONGEST_WAIT_S = 6, 1.0, 120.0
"""Failed tries in a row before giving up; seconds before the second try, doubled before each next one; most seconds."""
STEP, CHUNK, PAGE = 2**16, 2**16, 2**16
"""Bytes that make a failed try count as progress; bytes received at a time; bytes of a web page that are read."""
REDIRECTS = 8
CONTENT_RANGE = re.compile(r"bytes\s*(?:(\d+)-\d+|\*)/(\d+|\*)", re.ASCII)
PERMANENT = {
    "NameResolutionError": "no such host is known (no internet?)",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted",
}
"""Words of an error that a retry cannot fix, and what it means."""
PAGES = {
    "quota exceeded|too many users|view or download this file at this time": "the file's quota is used up; try again in a day",
    "for viruses|virus scan": "it asks to confirm a download that is not scanned for viruses",
    "sign[ -]in|log in|login": "it asks to log in",
}
"""Words of a web page, as regular expressions, and what such a page means."""
T = TypeVar("T")
FindAddress = Callable[[str], str | None]
"""From the text of a web page to the address of the file behind it; None for a page of another kind."""


class Retry(Exception):
    """A failure that another try may not meet: the connection was cut, or the server is busy."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


def retried(
    name: str,
    attempt: Callable[[], T],
    received: Callable[[], int] = lambda: 0,
    advice: str = "start again later",
    tries: int | None = None,
) -> T:
    """Call `attempt` until it succeeds, with longer and longer waits between tries; returns its result.

    Parameters
    ----------
    name : the address, or what else an error should name
    attempt : raises Retry, or an error of requests
    received : bytes received so far; a try that adds STEP bytes or more starts the count of failed tries again
    advice : what a user can do after the last try
    tries : failed tries in a row before giving up; TRIES if not given

    Raises
    ------
    InputError
        One line: all tries failed, a retry cannot help, or the server asks for too long a wait.
    """
    failed, most, tries = 0, received(), tries or TRIES
    while True:
        wait_s = 0.0
        try:
            return attempt()
        except InputError:
            raise
        except (Retry, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if reason := _meaning(str(error), PERMANENT):
                raise InputError(f"{name}: {reason}") from None
            why, wait_s = one_line(error), getattr(error, "wait_s", 0.0)
            if not isinstance(error, Retry):
                why = f"the connection failed ({one_line(error, 1000).rpartition('(Caused by ')[2][:160]})"
        except (requests.RequestException, ValueError) as error:  # an address of a redirect that requests cannot read
            raise InputError(f"{name}: {one_line(error)}") from None
        failed = 0 if received() - most >= STEP else failed + 1
        most = max(most, received())
        if failed >= tries:
            raise InputError(f"{name}: {why} ({tries} tries); {advice}")
        if wait_s > LONGEST_WAIT_S:
            raise InputError(f"{name}: {why}, and asks for a wait of {math.ceil(wait_s / 60)} minutes")
        time.sleep(max(wait_s, min(BACKOFF_S * 2.0 ** max(failed - 1, 0), LONGEST_WAIT_S)))


def get(
    session: requests.Session,
    url: str,
    headers: dict[str, str],
    accept: int = 200,
    find_address: FindAddress | None = None,
) -> requests.Response:
    """Ask for a file, unpacked; follow redirects, and at most one web page in front of the file.

    The caller handles the statuses 200, 206 and `accept`. A busy server raises Retry; any other status, a web page, packed
    content and a redirect that is not followed raise InputError.
    """
    asked = url
    for _ in range(REDIRECTS):
        answer = session.get(
            asked,
            headers={"Accept-Encoding": "identity", **headers},
            timeout=TIMEOUT_S,
            stream=True,
            allow_redirects=False,
        )
        if answer.is_redirect:
            answer.close()
            asked = next_address(url, asked, answer.headers["Location"])
            continue
        try:
            page = _page(answer)
            behind = find_address(page) if find_address is not None and answer.status_code == 200 and page else None
            if behind is None:
                _check(url, answer, page, accept)
                return answer
        except BaseException:
            answer.close()
            raise
        answer.close()
        asked, find_address = next_address(url, asked, behind), None
    raise InputError(f"{url}: is redirected more than {REDIRECTS} times")


def next_address(url: str, asked: str, to: str) -> str:
    """Address of a redirect; InputError where it leads to no web address, or from https to http."""
    try:
        to = urljoin(asked, to)
        before, after = urlsplit(asked).scheme, urlsplit(to).scheme
    except ValueError:
        raise InputError(f"{url}: is redirected to {to[:100]}, which is no address") from None
    if after not in ("http", "https") or (before, after) == ("https", "http"):
        raise InputError(f"{url}: is redirected to {to[:100]}, which is not followed")
    return to


def _page(answer: requests.Response) -> str:
    """Text of a web page; empty where the answer is none."""
    if not answer.headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml")):
        return ""
    return next(answer.iter_content(PAGE), b"").decode("utf-8", "replace") or " "


def _check(url: str, answer: requests.Response, page: str, accept: int) -> None:
    status = f"the server answers {answer.status_code} {answer.reason}"
    if answer.status_code in BUSY:
        raise Retry(status, retry_after(answer.headers.get("Retry-After", "")))
    meaning = _meaning(page.lower(), PAGES)
    if answer.status_code not in (200, 206):
        if answer.status_code != accept:
            raise InputError(f"{url}: {status}{': ' if meaning else ''}{meaning}")
    elif page:
        raise InputError(f"{url}: a web page came instead of the file: {meaning or 'it may have moved'}")
    elif (packed := answer.headers.get("Content-Encoding", "identity")) != "identity":
        raise InputError(f"{url}: comes packed ({packed}), but was asked for unpacked")


def _meaning(text: str, meanings: dict[str, str]) -> str:
    """Meaning of the first words that the text holds; empty where it holds none of them."""
    return next((meaning for words, meaning in meanings.items() if re.search(words, text)), "")


def chunks(answer: requests.Response) -> Iterator[bytes]:
    """Receive the content piece by piece; it may end early, so the caller must count the bytes."""
    answer.raw.enforce_content_length = False  # otherwise the last piece before a cut would be lost
    yield from answer.iter_content(CHUNK)


def retry_after(header: str) -> float:
    """Seconds of a Retry-After header, which holds seconds or a date; 0 for anything else."""
    if (seconds := number(header)) is not None:
        return float(seconds)
    try:
        date = email.utils.parsedate_tz(header)
        return 0.0 if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
    except (ValueError, OverflowError):  # a date that no calendar has
        return 0.0


def version(answer: requests.Response) -> str:
    """Identify a version of a file byte by byte, which a weak ETag does not; empty where the server does not say."""
    tag: str = answer.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")


def content_range(answer: requests.Response) -> tuple[int | None, int | None]:
    """First byte of a range, and bytes of the whole file; None for what the server does not say."""
    match = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
    return (number(match[1]), number(match[2])) if match else (None, None)


def number(text: str | None) -> int | None:
    """Read a whole number; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
