"""Files of Google Drive folders, by gdown, which knows Drive's pages; what it complains of becomes one line."""

from pathlib import Path
from typing import Any

import gdown
import requests
from gdown.exceptions import DownloadError, FileURLRetrievalError

from lorafb.files import InputError

TIMEOUT_S = (10.0, 60.0)
TRIES = 5


def listing(folder: str) -> dict[str, str]:
    """List a shared folder: path of each file in it, to the file's id."""
    try:
        found: Any = gdown.download_folder(
            id=folder, skip_download=True, quiet=True, use_cookies=False, timeout=TIMEOUT_S
        )
    except (DownloadError, FileURLRetrievalError, requests.RequestException, OSError, ValueError) as error:
        raise InputError(f"Google Drive folder {folder}: cannot be listed ({_line(error)})") from None
    return {str(file.path): str(file.id) for file in found}


def choose(files: dict[str, str], wanted: str, folder: str) -> str:
    """Id of a file by its path in the folder, or where there is no other of that name by its end."""
    if wanted in files:
        return files[wanted]
    alike = [path for path in files if path.endswith(f"/{wanted}") or Path(path).name == Path(wanted).name]
    if len(alike) != 1:
        told = ", ".join(alike) if alike else ", ".join(sorted(files)[:6]) or "nothing"
        raise InputError(
            f"Google Drive folder {folder}: holds {'no' if not alike else 'more than one'} {wanted}; there are {told}"
        )
    return files[alike[0]]


def download(file_id: str, part: Path) -> None:
    """Fetch a file by its id into `part`, going on where it stopped; quota and log-in pages are InputErrors."""
    try:
        gdown.download(
            id=file_id, output=str(part), quiet=True, use_cookies=False, resume=True, timeout=TIMEOUT_S, retries=TRIES
        )
    except (DownloadError, FileURLRetrievalError, requests.RequestException, OSError) as error:
        raise InputError(f"Google Drive file {file_id}: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
