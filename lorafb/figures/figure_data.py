"""The data behind a figure or table: scores reduced to areas and networks, and the names of networks and movies."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from lorafb.artefacts import tables
from lorafb.experiments.summary import over_replicates, summarise
from lorafb.figures import paper_numbers, style

SCORES = ("base", "shuffle", "replace", "scenes")
OTHERS = ("ceilings", "statistics", "pairs", "psth", "units")


@dataclass(frozen=True)
class FigureData:
    """The tables behind a figure. A table that the figure does not read is empty.

    Attributes
    ----------
    scores : columns of `lorafb.experiments.table`, and subject, label, role
        For each metric and run: a row per area, of its best layer, and one with area `mean` over the areas without controls.
    ceilings : movie, area, layer (what the halves differ in), trial (the split), value
    statistics, pairs : columns as in `lorafb.experiments.statistics`
    psth : columns as in `lorafb.experiments.psth`, and movie
    units : movie, area, units, kept
    paper : the paper's numbers
    replicates : as `scores`, and replicate; of networks with several replicates, whose mean is in `scores`
    layers : tidy scores of every layer on whole movies, and subject
    subjects : network to {label, role, still, replicates, network, untrained}; `still` networks see each frame alone
    movies : movie to {title, paper}; `paper` is Movie1, Movie2, scenes or ""; of real values with `response`, what an axis of
        them says in place of spikes/s
    roles : networks of the paper, in order; empty for every subject
    controls : areas, lower case, that no mean includes
    metrics : metrics of the study; figures show the first one, unless they say otherwise
    note : source of the recordings
    miniature : whether the data are not the paper's
    simulated : whether the recordings are simulated
    command : command that makes the figure
    """

    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    replicates: pd.DataFrame = field(default_factory=pd.DataFrame)
    ceilings: pd.DataFrame = field(default_factory=pd.DataFrame)
    statistics: pd.DataFrame = field(default_factory=pd.DataFrame)
    pairs: pd.DataFrame = field(default_factory=pd.DataFrame)
    psth: pd.DataFrame = field(default_factory=pd.DataFrame)
    layers: pd.DataFrame = field(default_factory=pd.DataFrame)
    units: pd.DataFrame = field(default_factory=pd.DataFrame)
    paper: pd.DataFrame = field(default_factory=paper_numbers.read)
    subjects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    movies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("tsrsa",)
    note: str = ""
    miniature: bool = True
    simulated: bool = True
    command: str = ""

    @property
    def metric(self) -> str:
        """Metric that figures show."""
        return self.metrics[0]

    @property
    def mark(self) -> str:
        """Short warning that goes on every figure."""
        return style.mark(self.simulated, self.miniature)

    def subject(self, role: str) -> str:
        """Subject with a role; empty where there is none."""
        return next((name for name, about in self.subjects.items() if about["role"] == role), "")

    def label(self, role: str) -> str:
        """Name of a role's network: the subject's label, else the paper's name."""
        subject = self.subject(role)
        return str(self.subjects[subject]["label"]) if subject else paper_numbers.NAMES[role]

    def networks(self) -> list[tuple[str, str]]:
        """Subject and role of each network in order; the subject is empty where the study has none with that role."""
        if not self.roles:
            return [(name, str(about["role"])) for name, about in self.subjects.items()]
        return [(self.subject(role), role) for role in self.roles]

    def name(self, network: str) -> str:
        """Name of a subject, of a baseline, or of a role that no subject has."""
        about = self.subjects.get(network)
        return str(about["label"]) if about else paper_numbers.NAMES.get(network, "time alone")

    def twins(self) -> list[tuple[str, str]]:
        """Untrained networks, with an empty role, beside those of the paper; none where every network is shown anyway."""
        others = [
            name for name, about in self.subjects.items() if about.get("untrained") and about["role"] not in self.roles
        ]
        return [(name, "") for name in others if self.roles]

    def twin(self, subject: str) -> str:
        """Subject that is the same network, shown movies in the same way, with initial weights; empty where there is none."""
        about = self.subjects.get(subject, {})
        for name, other in self.subjects.items():
            same = all(other.get(key) == about.get(key) for key in ("network", "still"))
            if other.get("untrained") and same and name != subject:
                return name
        return ""

    def absent(self) -> list[str]:
        """Names of the paper's networks that are not in the study."""
        return [paper_numbers.NAMES[role] for subject, role in self.networks() if not subject]

    def replicated(self) -> list[str]:
        """Networks of which there are several replicates."""
        return [name for name, about in self.subjects.items() if len(about.get("replicates", ())) > 1]

    def seeds_of(self, subject: str, movie: str, experiment: str, metric: str = "") -> list[float]:
        """Mean over areas of each replicate's score; none where a network is not replicated."""
        if self.replicates.empty:
            return []
        rows = self.of_metric(self.replicates, metric or self.metric)
        rows = rows[(rows["subject"] == subject) & (rows["movie"] == movie) & (rows["experiment"] == experiment)]
        return [float(value) for value in rows.loc[rows["area"] == "mean", "value"]]

    def spreads(self, metric: str = "") -> list[dict[str, Any]]:
        """Say for each replicated network how its scores on whole movies and scenes spread over seeds."""
        found = []
        for subject, movie, experiment in product(self.replicated(), self.movies, ("original", "scenes")):
            if values := self.seeds_of(subject, movie, experiment, metric):
                spread = {"mean": fmean(values), "sd": stdev(values), "low": min(values), "high": max(values)}
                about = {"label": self.subjects[subject]["label"], "movie": self.title(movie), "seeds": len(values)}
                found.append({**about, **spread})
        return found

    def title(self, movie: str) -> str:
        """Heading of a movie."""
        return self.movies[movie]["title"]

    def movies_in(self, table: pd.DataFrame) -> list[str]:
        """Movies of a table, in the study's order."""
        return [movie for movie in self.movies if movie in set(table.get("movie", ()))]

    def of_metric(self, table: pd.DataFrame, metric: str) -> pd.DataFrame:
        """Rows of one metric; a table without that column (statistics, pairs, ceilings) is of TSRSA."""
        if "metric" in table:
            return table[table["metric"] == metric]
        return table if metric == "tsrsa" else table.iloc[:0]

    def scores_of(self, experiment: str, metric: str = "") -> pd.DataFrame:
        """Scores of one experiment by one metric, the study's first where none is given."""
        rows = self.of_metric(self.scores, metric or self.metric)
        return rows[rows["experiment"] == experiment]

    def means_of(self, experiment: str, metric: str = "") -> pd.DataFrame:
        """Scores of one experiment by one metric: those that are means over areas."""
        rows = self.scores_of(experiment, metric)
        return rows[rows["area"] == "mean"]

    def mean_score(self, experiment: str, movie: str, role: str, metric: str = "") -> float:
        """Mean over areas of the first score of a role's network; NaN where there is none."""
        rows = self.means_of(experiment, metric)
        values = rows.loc[(rows["movie"] == movie) & (rows["role"] == role), "value"]
        return float(values.iloc[0]) if len(values) else float("nan")


def read(files: Mapping[str, Any], params: Mapping[str, Any]) -> FigureData:
    """Read the tables that a record names.

    Parameters
    ----------
    files : name of a table to its files
        Of scores each is `.../SUBJECT/MOVIE/TABLE.csv`; `paper` is one file, the paper's numbers.
    params : further fields of `FigureData`
    """
    told = params["subjects"]
    network_of = {one: network for network, about in told.items() for one in about.get("replicates", [network])}
    scores, layers = [], []
    for path in (path for name in SCORES for path in files.get(name, ())):
        replicate = Path(path).parts[-3]
        subject = network_of[replicate]
        about = {"subject": subject, **{key: told[subject][key] for key in ("label", "role")}, "replicate": replicate}
        table = tables.read(path)
        scores.append(summarise(table, params.get("controls", ())).assign(**about))
        if replicate == told[subject].get("replicates", [subject])[0]:
            layers.append(table[table["experiment"].isin(("original", "scenes"))].assign(subject=subject))
    others: dict[str, Any] = {name: _joined(map(_of_movie, files.get(name, ()))) for name in OTHERS}
    for name, column in (("statistics", "subject"), ("pairs", "subject_a"), ("pairs", "subject_b")):
        if column in others[name]:  # they are of the first replicate
            others[name][column] = others[name][column].replace(network_of)
    means, replicates = over_replicates(_joined(scores))
    paper = paper_numbers.read(files["paper"], params.get("metrics", ("tsrsa",))[0])
    return FigureData(scores=means, layers=_joined(layers), replicates=replicates, **others, paper=paper, **params)


def _of_movie(path: str) -> pd.DataFrame:
    table = tables.read(path)
    return table if "movie" in table else table.assign(movie=Path(path).stem)


def _joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    parts = list(parts)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def function(make: str) -> Callable[[FigureData], Any]:
    """Import the function that a record names as "module:function"."""
    module, _, name = make.partition(":")
    made: Callable[[FigureData], Any] = getattr(import_module(module), name)
    return made
