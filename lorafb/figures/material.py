"""What a figure or table is made from: tables of scores already reduced to areas and networks, and what to call things."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from lorafb.artefacts import tables
from lorafb.figures import published

SCORES = ("base", "shuffle", "replace", "scenes")
BESIDE = ("ceilings", "statistics", "pairs", "psth", "units")
MINIATURE = (
    "This is a MINIATURE: its networks, movies and recordings are not the paper's, whose numbers stand beside ours for "
    "orientation; that they agree or differ says nothing about the paper."
)


@dataclass(frozen=True)
class Material:
    """The tables behind a figure, each empty where it is not read.

    Attributes
    ----------
    scores : columns of `lorafb.experiments.table`, and subject, label, role
        One row a run and area, the best layer's, and one with area `mean` over the areas that are no controls.
    ceilings : movie, area, layer (what the halves differ in), trial (the split), value
    statistics, pairs : as `lorafb.experiments.statistics` lays them out
    psth : as `lorafb.experiments.psth` lays it out, and movie
    units : movie, area, units, kept
    published : the paper's numbers
    subjects : subject to {label, role, still}; `still` networks see each frame alone
    movies : movie to {title, paper}; `paper` is Movie1, Movie2, scenes or ""
    roles : networks of the paper, in the order shown; none for every subject
    controls : areas, lower case, that no mean holds
    note : what must be said of the recordings
    miniature : whether the data are others than the paper's
    simulated : whether the recordings are
    command : that makes the figure
    """

    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    ceilings: pd.DataFrame = field(default_factory=pd.DataFrame)
    statistics: pd.DataFrame = field(default_factory=pd.DataFrame)
    pairs: pd.DataFrame = field(default_factory=pd.DataFrame)
    psth: pd.DataFrame = field(default_factory=pd.DataFrame)
    units: pd.DataFrame = field(default_factory=pd.DataFrame)
    published: pd.DataFrame = field(default_factory=published.read)
    subjects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    movies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    note: str = ""
    miniature: bool = True
    simulated: bool = True
    command: str = ""

    def subject(self, role: str) -> str | None:
        """Subject that plays a role, None where none does."""
        return next((name for name, told in self.subjects.items() if told["role"] == role), None)

    def label(self, role: str) -> str:
        """Name of a role's network: the subject's, else the paper's."""
        subject = self.subject(role)
        return published.NAMES[role] if subject is None else str(self.subjects[subject]["label"])

    def columns(self) -> list[tuple[str, str]]:
        """Subject and role of each place of a figure or table, in order; the subject is empty where a role is absent."""
        if not self.roles:
            return [(name, str(told["role"])) for name, told in self.subjects.items()]
        return [(self.subject(role) or "", role) for role in self.roles]

    def run(self, experiment: str, metric: str = "tsrsa") -> pd.DataFrame:
        """Rows of one experiment by one metric."""
        if self.scores.empty:
            return self.scores
        return self.scores[(self.scores["experiment"] == experiment) & (self.scores["metric"] == metric)]

    def paper(self, movie: str) -> str:
        """Name of the movie in the paper; empty where it stands for none."""
        return self.movies[movie]["paper"]

    def shown(self, found: pd.DataFrame) -> list[str]:
        """Movies of a table, in the study's order."""
        return [movie for movie in self.movies if movie in set(found.get("movie", ()))]

    def closing(self) -> str:
        """Last sentences of a caption: who is absent, what the data are, and the command."""
        absent = [published.NAMES[role] for subject, role in self.columns() if not subject]
        said = [f"Not in this study: {', '.join(absent)}." if absent else "", self.note]
        said += [MINIATURE if self.miniature else "", f"Made by: {self.command}" if self.command else ""]
        return " ".join(part for part in said if part)


def read(files: Mapping[str, Any], told: Mapping[str, Any], reduce: Callable[[pd.DataFrame], pd.DataFrame]) -> Material:
    """Read the tables that a record names.

    Parameters
    ----------
    files : name of a table to its files
        Of scores each is `.../SUBJECT/MOVIE/TABLE.csv`; `published` is one file, the paper's numbers.
    told : further fields of `Material`
    reduce : from all layers' scores to those of areas and networks
    """
    labelled = [_labelled(path, told["subjects"], reduce) for name in SCORES for path in files.get(name, ())]
    beside: dict[str, Any] = {name: _joined(map(_of_movie, files.get(name, ()))) for name in BESIDE}
    return Material(scores=_joined(labelled), **beside, published=published.read(files["published"]), **told)


def _labelled(path: str, subjects: Mapping[str, Any], reduce: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    subject = Path(path).parts[-3]
    label, role = (subjects[subject][key] for key in ("label", "role"))
    return reduce(tables.read(path)).assign(subject=subject, label=label, role=role)


def _of_movie(path: str) -> pd.DataFrame:
    table = tables.read(path)
    return table if "movie" in table else table.assign(movie=Path(path).stem)


def _joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    parts = list(parts)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def function(make: str) -> Callable[[Material], Any]:
    """Import the function that a record names as "module:function"."""
    module, _, name = make.partition(":")
    found: Callable[[Material], Any] = getattr(import_module(module), name)
    return found
