"""One file from one address, resumed where it was cut, and never a page of excuses in the place of data.

The danger of every downloader is the error page that is saved as a data file: it has a name, a size, and a status of 200. So a
page of HTML is an error wherever no page was asked for.
"""

import email.utils
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import requests

from lorafb.files import InputError

Progress = Callable[[int, int], None]
BUSY = (408, 425, 429, 500, 502, 503, 504)
TIMEOUT_S = (10, 60)
TRIES, BACKOFF_S, LONGEST_S = 6, 1.0, 120.0
CHUNK = 2**18
REDIRECTS = 5


class Cut(Exception):
    """The line was cut, or the server is busy: worth another try, after some seconds."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


def download(url: str, part: Path, *, size: int | None = None, progress: Progress | None = None) -> None:
    """Fetch a file into `part`, going on where an earlier try stopped.

    Parameters
    ----------
    url : https address (http only where the address itself says so)
    part : the unfinished file; beside it `part`.tag remembers which version of the file it is of
    size : bytes that the file must have, where known
    progress : called with (bytes there, bytes of all)

    Raises
    ------
    InputError
        One line: what the server said, what was expected. What has come stays in `part`.
    """
    why = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(min(BACKOFF_S * 2 ** (attempt - 1), LONGEST_S))
        try:
            with requests.Session() as session:
                _try(session, url, part, size, progress)
            _tag(part).unlink(missing_ok=True)
            return
        except (Cut, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            why = " ".join(str(error).split())[:160]
            if isinstance(error, Cut) and error.after_s:
                time.sleep(min(error.after_s, LONGEST_S))
        except requests.RequestException as error:
            raise InputError(f"{url}: {' '.join(str(error).split())[:160]}") from None
    raise InputError(f"{url}: {why} ({TRIES} tries); start again later, it goes on where it stopped")


def _try(session: requests.Session, url: str, part: Path, size: int | None, progress: Progress | None) -> None:
    there = part.stat().st_size if part.is_file() else 0
    tag = _tag(part).read_text(encoding="utf-8") if _tag(part).is_file() else ""
    headers = {"Accept-Encoding": "identity"}
    if there and tag:  # without a tag nobody knows what the beginning is of
        headers |= {"Range": f"bytes={there}-", "If-Range": tag}
    else:
        there = 0
    with _answer(session, url, headers) as answer:
        if answer.status_code == 416 and there and _total(answer) == there:
            return
        if answer.status_code == 416:
            discard(part)
            raise Cut("the server has no such range any more")
        _check(url, answer)
        if answer.status_code == 200:
            there = 0
        of_all = there + int(answer.headers.get("Content-Length", 0))
        if size is not None and of_all not in (there, size):
            raise InputError(f"{url}: has {of_all} bytes, expected {size}")
        _has_room(part, of_all - there)
        _tag(part).write_text(answer.headers.get("ETag") or answer.headers.get("Last-Modified", ""), encoding="utf-8")
        answer.raw.enforce_content_length = False  # what came before a cut is kept, and counted below
        with part.open("r+b" if there else "wb") as file:
            file.seek(there)
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                there += len(chunk)
                if progress is not None:
                    progress(there, max(of_all, there))
    if there < of_all:
        raise Cut(f"{there} of {of_all} bytes came")


def _answer(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    """Follow redirects, but never to a file or from https to http."""
    asked = url
    for _ in range(REDIRECTS):
        answer = session.get(asked, headers=headers, timeout=TIMEOUT_S, stream=True, allow_redirects=False)
        if not answer.is_redirect:
            return answer
        to = requests.compat.urljoin(asked, answer.headers["Location"])
        answer.close()
        schemes = urlsplit(asked).scheme, urlsplit(to).scheme
        if schemes[1] not in ("http", "https") or schemes == ("https", "http"):
            raise InputError(f"{url}: is redirected to {to[:100]}, which is not followed")
        asked = to
    raise InputError(f"{url}: is redirected more than {REDIRECTS} times")


def _check(url: str, answer: requests.Response) -> None:
    if answer.status_code in BUSY:
        raise Cut(f"the server answers {answer.status_code} {answer.reason}", _retry_after(answer))
    if answer.status_code not in (200, 206):
        raise InputError(f"{url}: the server answers {answer.status_code} {answer.reason}")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise InputError(f"{url}: a web page came instead of the file: {_says(answer)}")


def _says(answer: requests.Response) -> str:
    """Say what kind of page it is, as far as its words tell."""
    text = next(answer.iter_content(2**16), b"").decode("utf-8", "replace").lower()
    for words, meaning in (
        (("quota exceeded", "too many users"), "the file's quota is used up; try again in a day"),
        (("virus",), "it asks to confirm a download that is not scanned for viruses"),
        (("sign in", "log in", "login"), "it asks to log in"),
    ):
        if any(word in text for word in words):
            return meaning
    return "it may have moved"


def _retry_after(answer: requests.Response) -> float | None:
    told = answer.headers.get("Retry-After", "")
    if told.isdigit():
        return float(told)
    date = email.utils.parsedate_to_datetime(told) if told else None
    return None if date is None else max(0.0, date.timestamp() - time.time())


def _total(answer: requests.Response) -> int | None:
    told = answer.headers.get("Content-Range", "").rpartition("/")[2]
    return int(told) if told.isdigit() else None


def _has_room(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise InputError(f"{part.parent}: {needed / 1e6:.0f} MB are to come, and {free / 1e6:.0f} MB are free")


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def discard(part: Path) -> None:
    """Throw away what came, since it is not what was wanted."""
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)
