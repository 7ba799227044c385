"""The numbers of the paper, as data: every figure and table of ours stands beside them."""

from importlib import resources
from pathlib import Path

import pandas as pd

from lorafb.files import InputError

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
SCORES = ("table_1", "table_2", "table_6")
"""Tables that hold a network's score, in the order in which they are asked."""


def read(path: Path | str | None = None) -> pd.DataFrame:
    """Read the paper's numbers (Huang et al. 2024, Tables 1 to 6, and facts of Figures 3 and 4).

    Parameters
    ----------
    path : path, optional
        The table that comes with the package, when not given.

    Returns
    -------
    columns table, row, column, value, sd
        `row` is a movie (Movie1, Movie2, scenes), an area or `sweep`; `column` a role, an area or a quantity with its unit.

    Raises
    ------
    InputError
        When a column is missing, or a number stands there twice.
    """
    with resources.as_file(resources.files("lorafb.figures") / "paper.csv") as own:
        path = own if path is None else path
        numbers = pd.read_csv(path)
    if list(numbers.columns) != list(COLUMNS):
        raise InputError(f"{path}: has columns {', '.join(numbers.columns)}, expected {', '.join(COLUMNS)}")
    twice = numbers[numbers.duplicated(["table", "row", "column"])]
    if len(twice):
        raise InputError(f"{path}: {' / '.join(twice.iloc[0][['table', 'row', 'column']])} stands there twice")
    return numbers


def number(numbers: pd.DataFrame, table: str, row: str, column: str) -> float:
    """One number of the paper; NaN where it gives none."""
    found = numbers[(numbers["table"] == table) & (numbers["row"] == row) & (numbers["column"] == column)]
    return float(found["value"].iloc[0]) if len(found) else float("nan")


def score(numbers: pd.DataFrame, movie: str, role: str) -> float:
    """Score of one of the paper's networks on one of its movies, or on its scenes; NaN where it gives none."""
    asked = (number(numbers, table, movie, role) for table in SCORES)
    return next((value for value in asked if value == value), float("nan"))
