"""Reports on the folder of a training set: counts, and each missing part by name, before a day of training starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lorafb.files import InputError
from lorafb.training.index import Item


@dataclass(frozen=True)
class Report:
    """What the folder of a training set holds and lacks.

    Attributes
    ----------
    name : str
        Of the training set.
    folder : path
    found, expected : mapping of str to int
        Numbers of classes, videos, images; each found one has an expected one.
    problems : tuple of str
        One line each, the file or class named; none where all is there.
    remarks : tuple of str
        What a person should know, but is no error.
    instructions : str
        Where to get it and how to lay it out.
    items : tuple of Item
        The files that are there, to train on and to test on.
    """

    name: str
    folder: Path
    found: Mapping[str, int]
    expected: Mapping[str, int]
    problems: tuple[str, ...]
    instructions: str
    remarks: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The report as lines to print."""
        counted = [f"{what}: {number} of {self.expected[what]}" for what, number in self.found.items()]
        lines = [f"{self.name} in {self.folder}: {', '.join(counted) or 'nothing found'}", *self.remarks]
        if not self.problems:
            return [*lines, "complete" if dict(self.found) == dict(self.expected) else "a subset, taken as it is"]
        return [*lines, *(f"- {problem}" for problem in self.problems), self.instructions]

    @property
    def table(self) -> pd.DataFrame:
        """Counts as a table: what, found, expected."""
        rows = [(what, number, self.expected[what]) for what, number in self.found.items()]
        return pd.DataFrame(rows, columns=["what", "found", "expected"])

    def must_be_right(self) -> None:
        """Raise InputError, one line, unless nothing is missing."""
        if self.problems:
            more = f" and {len(self.problems) - 1} more like it" if self.problems[1:] else ""
            told = f"`lorafb dataset {self.name} {self.folder}` says all of it"
            raise InputError(
                f"{self.folder}: {self.problems[0]}{more}; {self.instructions if self.name == 'folder' else told}"
            )


def unlike(found: Mapping[str, int], expected: Mapping[str, int]) -> list[str]:
    """Say which numbers are not as expected."""
    return [f"{what}: {found[what]}, expected {expected[what]}" for what in expected if found[what] != expected[what]]
