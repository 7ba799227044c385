"""What a server's answer says: a page in the place of a file, a version, a range, when to come again."""

import email.utils
import time
from urllib.parse import urljoin, urlsplit

import requests

from lorafb.files import InputError

PAGE = 2**16
"""Bytes of a web page that are read."""
MEANINGS = (
    (
        ("quota exceeded", "too many users", "view or download this file at this time"),
        "the file's quota is used up; try again in a day",
    ),
    (("for viruses", "virus scan"), "it asks to confirm a download that is not scanned for viruses"),
    (("sign in", "sign-in", "log in", "login"), "it asks to log in"),
)


def next_address(url: str, asked: str, to: str) -> str:
    """Address of a redirect, but never one to a file, or from https to http."""
    try:
        to = urljoin(asked, to)
        before, after = urlsplit(asked).scheme, urlsplit(to).scheme
    except ValueError:
        raise InputError(f"{url}: is redirected to {to[:100]}, which is no address") from None
    if after not in ("http", "https") or (before, after) == ("https", "http"):
        raise InputError(f"{url}: is redirected to {to[:100]}, which is not followed")
    return to


def page(answer: requests.Response) -> str:
    """Text of a web page; nothing where none came."""
    if not answer.headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml")):
        return ""
    return next(answer.iter_content(PAGE), b"").decode("utf-8", "replace") or " "


def meaning(page: str) -> str:
    """Say what kind of page it is, as far as its words tell."""
    text = page.lower()
    return next((said for words, said in MEANINGS if any(word in text for word in words)), "")


def hopeless(error: Exception) -> str:
    """Say what no other try would mend; nothing of what one might."""
    if "NameResolutionError" in str(error):
        return "no such host is known (no internet?)"
    return "its certificate is not trusted" if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""


def retry_after(told: str) -> float:
    """Seconds of a Retry-After, which gives them or a date."""
    if (seconds := number(told)) is not None:
        return float(seconds)
    try:
        date = email.utils.parsedate_tz(told)
        return 0.0 if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
    except (ValueError, OverflowError):  # a date that no calendar has
        return 0.0


def validator(answer: requests.Response) -> str:
    """Tell one version from another, byte by byte, which a weak ETag does not."""
    tag: str = answer.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")


def first(answer: requests.Response) -> int | None:
    """Byte that a range begins with."""
    return number(answer.headers.get("Content-Range", "").removeprefix("bytes").strip().partition("-")[0])


def total(answer: requests.Response) -> int | None:
    """Bytes of the whole file of which a range came, or did not."""
    return number(answer.headers.get("Content-Range", "").rpartition("/")[2])


def number(text: str | None) -> int | None:
    """Read a whole number; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
