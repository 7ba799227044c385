"""Tables: CSV that any program reads, with a sidecar that says what each column means."""

import gzip
from pathlib import Path

import pandas as pd

from lorafb.artefacts import columns
from lorafb.artefacts.provenance import Provenance, sealed, verify
from lorafb.files import InputError


def write(table: pd.DataFrame, path: Path | str, provenance: Provenance) -> None:
    """Write a table as CSV, compressed where the path ends in `.gz`; floats with all their digits, undefined values empty."""
    text = table.to_csv(index=False, lineterminator="\n").encode()
    with sealed(path, provenance, columns=columns.notes(table.columns, path)) as temporary:
        temporary.write_bytes(gzip.compress(text, mtime=0) if temporary.suffix == ".gz" else text)


def read(path: Path | str) -> pd.DataFrame:
    """Read and check a table written here."""
    verify(path)
    try:
        return pd.read_csv(path)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: not a readable table ({error})") from None
