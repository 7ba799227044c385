"""Files of shared Google Drive folders, listed by gdown; its errors become one line."""

from functools import cache
from pathlib import Path
from typing import Any

import gdown
import requests
from gdown.download import get_url_from_gdrive_confirmation
from gdown.exceptions import DownloadError, FileURLRetrievalError

from lorafb import web
from lorafb.files import InputError

ADDRESS = "https://drive.google.com/uc?export=download&id={}"
TRIES = 3


@cache
def listing(folder: str) -> dict[str, str]:
    """List a shared folder, once: path of each file in it, to the file's id."""

    def attempt() -> dict[str, str]:
        try:
            files: Any = gdown.download_folder(
                id=folder, skip_download=True, quiet=True, use_cookies=False, timeout=web.TIMEOUT_S
            )
            return {str(file.path): str(file.id) for file in files}
        except (DownloadError, requests.RequestException, OSError, ValueError) as error:
            raise web.Retry(str(error) or type(error).__name__) from error

    return web.retried(f"Google Drive folder {folder}: cannot be listed", attempt, tries=TRIES)


def address(folder: str, wanted: str) -> str:
    """Address of the file with this path in a folder, or with this name where only one file has it."""
    files = listing(folder)
    if wanted in files:
        return ADDRESS.format(files[wanted])
    alike = [path for path in files if path.endswith(f"/{wanted}")]
    alike = alike or [path for path in files if Path(path).name == Path(wanted).name]
    if len(alike) != 1:
        many, there = ("more than one", alike) if alike else ("no", sorted(files)[:6] or ["nothing"])
        raise InputError(f"Google Drive folder {folder}: holds {many} {wanted}; there are {', '.join(there)}")
    return ADDRESS.format(files[alike[0]])


def find_address(page: str) -> str | None:
    """Address behind the page that asks whether to download a file too large to be scanned for viruses."""
    try:
        return str(get_url_from_gdrive_confirmation(page))
    except (FileURLRetrievalError, KeyError, AssertionError):  # another page, or a form that gdown does not know
        return None
