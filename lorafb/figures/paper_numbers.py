"""The numbers of the paper: every figure and table shows them beside ours."""

from pathlib import Path

import pandas as pd

from lorafb.files import InputError

FILE = Path(__file__).parent / "paper.csv"
COLUMNS = ("table", "row", "column", "value", "sd")
NAMES = {
    "lorafb_snet": "LoRaFB-SNet",
    "cornet": "CORnet",
    "resnet_2p_cpc": "ResNet-2p-CPC",
    "sew_resnet": "SEW-ResNet",
    "lorafb_imagenet": "LoRaFB-SNet (ImageNet)",
    "sew_imagenet": "SEW-ResNet (ImageNet)",
    "lorafb_continuous": "LoRaFB-SNet (continuous)",
    "lorafb_discontinuous": "LoRaFB-SNet (discontinuous)",
    "no_spike": "LoRaFB-CNet (no spikes)",
}
"""Role of a subject to the name of the paper's network."""


def read(path: Path | str = FILE, metric: str = "tsrsa") -> pd.DataFrame:
    """Read the paper's numbers (Huang et al. 2024, Tables 1 to 6, and facts of Figures 3 and 4).

    Parameters
    ----------
    path : path of the table
    metric : metric of the scores to compare with; numbers of TSRSA are left out where it is another one

    Returns
    -------
    columns table, row, column, value, sd
        `row` is a movie (Movie1, Movie2, scenes), an area or `sweep`; `column` a role, an area or a quantity with its unit.

    Raises
    ------
    InputError
        When a column is missing, or a number is given twice.
    """
    numbers = pd.read_csv(path)
    if list(numbers.columns) != list(COLUMNS):
        raise InputError(f"{path}: has columns {', '.join(numbers.columns)}, expected {', '.join(COLUMNS)}")
    twice = numbers[numbers.duplicated(["table", "row", "column"])]
    if len(twice):
        raise InputError(f"{path}: {' / '.join(twice.iloc[0][['table', 'row', 'column']])} is given twice; keep one")
    return numbers if metric == "tsrsa" else numbers[numbers["table"].isin(("table_3", "table_5"))]


def number(numbers: pd.DataFrame, table: str, row: str, column: str) -> float:
    """One number of the paper; NaN where it gives none."""
    match = numbers[(numbers["table"] == table) & (numbers["row"] == row) & (numbers["column"] == column)]
    return float(match["value"].iloc[0]) if len(match) else float("nan")


def score(numbers: pd.DataFrame, movie: str, role: str) -> float:
    """TSRSA of one of the paper's networks on a movie or on its scenes, from Tables 1, 2 and 6; NaN where none gives it."""
    values = (number(numbers, table, movie, role) for table in ("table_1", "table_2", "table_6"))
    return next((value for value in values if value == value), float("nan"))
