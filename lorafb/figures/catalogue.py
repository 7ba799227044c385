"""Every figure and table as a plain record: what it shows, what it reads, which function makes it; it imports nothing."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """One figure or table.

    Attributes
    ----------
    name, title : name of its files, and its heading
    make : "module:function" from a `lorafb.figures.figure_data.FigureData` to the figure or table, with its caption
    experiments : original, clip, front, shuffle, replace, scenes, regression, psth or units; the study needs one
    reads : tables of scores (base, shuffle, replace, scenes), and ceilings, statistics, pairs, psth, units
    roles : networks of the paper, in order; empty for every subject
    movies : movies of the paper that it shows; "" for movies that are not in the paper
    least : smallest number of networks to compare; where more than one, the first role must be among them
    """

    name: str
    title: str
    make: str
    experiments: tuple[str, ...]
    reads: tuple[str, ...]
    roles: tuple[str, ...] = ()
    movies: tuple[str, ...] = ("Movie1", "Movie2")
    least: int = 1

    @property
    def templates(self) -> tuple[str, ...]:
        """Names of the templates of its caption."""
        module = self.make.partition(":")[0].rpartition(".")[2]
        return ("caption", module, *(("clips", "sweeps") if module == "own_study" else ()))


EVERY = ("Movie1", "Movie2", "scenes", "")
SNET, CORNET, CPC, SEW = "lorafb_snet", "cornet", "resnet_2p_cpc", "sew_resnet"
FOUR = (CORNET, CPC, SEW, SNET)
TRAININGS = (SNET, "lorafb_imagenet", SEW, "sew_imagenet")
ABLATIONS = ("lorafb_continuous", "lorafb_discontinuous", "lorafb_imagenet", "no_spike", SEW, SNET)

BASE = ("base", "ceilings", "statistics", "pairs")
SHUFFLE, REPLACE = ("base", "shuffle"), ("base", "replace")
NOISES = ("replace gaussian", "replace uniform", "replace static")

_NETWORKS, _CLIPS, _SWEEPS = "lorafb.figures.networks:networks", "lorafb.figures.clips", "lorafb.figures.sweeps"
_TABLES, _OWN = "lorafb.figures.comparison", "lorafb.figures.own_study"

NETWORKS = Record(
    "networks",
    "Every network, beside baselines and what could be reached",
    "lorafb.figures.networks:networks",
    ("original", "scenes"),
    ("base", "scenes", "ceilings", "statistics"),
    movies=EVERY,
)
CLAIMS = Record(
    "claims",
    "Claims and verdicts",
    "lorafb.figures.claims:claims",
    ("original", "scenes"),
    ("base", "shuffle", "scenes", "statistics", "pairs"),
    (SNET, CORNET, CPC, *ABLATIONS[:-1]),
    ("Movie1", "Movie2", "scenes"),
    least=2,
)

# fmt: off
_FIGURES = (
    NETWORKS,
    Record("layers", "Layer by area",
           "lorafb.figures.matrices:layers", ("original",), ("base",), movies=("Movie1", "Movie2", "")),
    Record("figure_3a", "Figure 3A: networks against visual cortex",
           _NETWORKS, ("original",), BASE, (SNET, CORNET, CPC)),
    Record("figure_3b", "Figure 3B: feedback, and video against still images",
           _NETWORKS, ("original",), BASE, TRAININGS),
    Record("figure_3c", "Figure 3C: score against clip length",
           f"{_CLIPS}:figure_3c", ("clip",), ("base",), (SNET, CORNET, CPC)),
    Record("figure_3d", "Figure 3D: ratio of scores against clip length",
           f"{_CLIPS}:figure_3d", ("clip",), ("base",), (SNET, CORNET, CPC), least=2),
    Record("figure_4a", "Figure 4A: frames in random order",
           f"{_SWEEPS}:shuffled", ("shuffle",), SHUFFLE, (SNET, SEW)),
    Record("figure_4b", "Figure 4B: frames replaced by Gaussian noise",
           f"{_SWEEPS}:replaced", ("replace gaussian",), REPLACE, (SNET, "lorafb_imagenet")),
    Record("figure_4c", "Figure 4C: still scenes",
           _NETWORKS, ("scenes",), ("scenes", "ceilings"), TRAININGS, ("scenes",)),
    Record("figure_6", "Figure 6: responses of single units, measured and regressed",
           "lorafb.figures.psth:figure_6", ("psth",), ("psth",), (SNET,), ("Movie1",)),
    Record("figure_7a", "Figure 7A: frames in random order, LoRaFB-SNet and CORnet",
           f"{_SWEEPS}:shuffled", ("shuffle",), SHUFFLE, (SNET, CORNET)),
    Record("figure_7b", "Figure 7B: frames replaced by three kinds of others",
           f"{_SWEEPS}:replaced_by_kind", NOISES, REPLACE, (SNET,)),
)
_TABLES_OF_PAPER = (
    CLAIMS,
    Record("table_1", "Table 1: scores, and percent of the ceiling",
           f"{_TABLES}:table_1", ("original",), BASE, FOUR),
    Record("table_2", "Table 2: ablations",
           f"{_TABLES}:table_2", ("original",), ("base", "statistics"), ABLATIONS, ("Movie1",)),
    Record("table_3", "Table 3: units",
           f"{_TABLES}:table_3", ("units",), ("units",)),
    Record("table_4", "Table 4: LoRaFB-SNet, area by area",
           f"{_TABLES}:table_4", ("original",), ("base", "ceilings", "statistics"), (SNET,)),
    Record("table_5", "Table 5: regression",
           f"{_TABLES}:table_5", ("regression",), ("base",), FOUR),
    Record("table_6", "Table 6: still scenes",
           f"{_TABLES}:table_6", ("scenes",), ("scenes",), FOUR, ("scenes",)),
)
_FIGURES_OF_OWN = (
    Record("sweep_clips", "Score against clip length", f"{_OWN}:clips", ("clip",), ("base",), movies=("",)),
    Record("sweep_shuffle", "Frames in random order", f"{_OWN}:shuffled", ("shuffle",), SHUFFLE, movies=("",)),
    Record("sweep_replace", "Frames replaced by Gaussian noise",
           f"{_OWN}:replaced", ("replace gaussian",), REPLACE, movies=("",)),
)
_TABLES_OF_OWN = (
    Record("comparisons", "Which network is nearest: comparisons and verdicts",
           "lorafb.figures.claims:claims", ("original",), ("base", "statistics", "pairs"), movies=("",)),
    Record("sweeps", "Clips, shuffles and replacements",
           f"{_OWN}:sweeps", ("clip", "front", "shuffle", *NOISES, "replace black"),
           ("base", "shuffle", "replace"), movies=("",)),
)
# fmt: on

FIGURES = {record.name: record for record in _FIGURES}
TABLES = {record.name: record for record in _TABLES_OF_PAPER}
OWN_FIGURES = {record.name: record for record in _FIGURES_OF_OWN}
OWN_TABLES = {record.name: record for record in _TABLES_OF_OWN}
"""Figures and tables of what the paper does not have."""


def possible(record: Record, results: Iterable[tuple[str, str, str]]) -> bool:
    """Whether a study has the data of a figure or table.

    Parameters
    ----------
    record : Record
    results : of (experiment, role, movie of the paper)
        What the study scores; "" for a subject without a role (units have none), and for a movie that is not in the paper.
    """
    roles_on: dict[str, set[str]] = {}
    for experiment, role, movie in results:
        if experiment in record.experiments and movie in record.movies and role in (record.roles or (role,)):
            roles_on.setdefault(movie, set()).add(role)
    first = set(record.roles[:1]) if record.least > 1 else set()
    return any(len(roles) >= record.least and first <= roles for roles in roles_on.values())
