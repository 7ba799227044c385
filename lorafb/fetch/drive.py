"""Files of shared Google Drive folders: gdown knows Drive's pages, and what it complains of becomes one line."""

import time
from functools import cache
from pathlib import Path
from typing import Any

import gdown
import requests
from gdown.download import get_url_from_gdrive_confirmation
from gdown.exceptions import DownloadError, FileURLRetrievalError

from lorafb.fetch import answers, download
from lorafb.files import InputError

ADDRESS = "https://drive.google.com/uc?export=download&id={}"
TIMEOUT_S = (10.0, 60.0)
TRIES = 3


@cache
def listing(folder: str) -> dict[str, str]:
    """List a shared folder, once: path of each file in it, to the file's id."""
    failed = 0
    while True:
        try:
            found: Any = gdown.download_folder(
                id=folder, skip_download=True, quiet=True, use_cookies=False, timeout=TIMEOUT_S
            )
            return {str(file.path): str(file.id) for file in found}
        except (DownloadError, FileURLRetrievalError, requests.RequestException, OSError, ValueError) as error:
            failed, hopeless = failed + 1, answers.hopeless(error)
            if hopeless or failed == TRIES:
                line = hopeless or " ".join(str(error).split())[:200] or type(error).__name__
                raise InputError(f"Google Drive folder {folder}: cannot be listed: {line}") from None
        time.sleep(download.BACKOFF_S * 2**failed)


def address(folder: str, wanted: str) -> str:
    """Address of a file of a folder: the one of that path, or where there is no other of that name, the one of its name."""
    files = listing(folder)
    if wanted in files:
        return ADDRESS.format(files[wanted])
    alike = [path for path in files if path.endswith(f"/{wanted}")]
    alike = alike or [path for path in files if Path(path).name == Path(wanted).name]
    if len(alike) != 1:
        told = ", ".join(alike) if alike else ", ".join(sorted(files)[:6]) or "nothing"
        raise InputError(
            f"Google Drive folder {folder}: holds {'no' if not alike else 'more than one'} {wanted}; there are {told}"
        )
    return ADDRESS.format(files[alike[0]])


def past(page: str) -> str | None:
    """Address behind the page that asks whether to download a file too large to be scanned for viruses."""
    try:
        return str(get_url_from_gdrive_confirmation(page))
    except (
        FileURLRetrievalError,
        KeyError,
        AssertionError,
    ):  # a page of another kind, or of a form gdown does not know
        return None
