"""Tables of a study that never ran, with numbers drawn from a seed: enough to make every figure and table from."""

from dataclasses import replace
from functools import cache
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy.stats import t

from lorafb.experiments.summary import summarise
from lorafb.experiments.table import COLUMNS, typed
from lorafb.figures.figure_data import FigureData

AREAS = ("visp", "visl", "visrl", "visal", "vispm", "visam")
NETWORKS = {
    "lorafb_snet": ("LoRaFB-SNet", 0.52),
    "cornet": ("CORnet", 0.5),
    "resnet_2p_cpc": ("ResNet-2p-CPC", 0.35),
    "sew_resnet": ("SEW-ResNet", 0.45),
    "lorafb_imagenet": ("LoRaFB-SNet (still images)", 0.48),
    "sew_imagenet": ("SEW-ResNet (still images)", 0.4),
    "lorafb_continuous": ("LoRaFB-SNet (continuous)", 0.52),
    "lorafb_discontinuous": ("LoRaFB-SNet (discontinuous)", 0.47),
    "no_spike": ("LoRaFB-CNet (no spikes)", 0.5),
}
"""Role, which is the subject's name too, to label and score."""
STILL = ("lorafb_imagenet", "sew_imagenet")
TWIN = "initial"
"""Name of the untrained twin of lorafb_snet, in a study that has it."""
PAPER = {"movie1": "Movie1", "movie2": "Movie2", "scenes": "scenes"}
DEPTHS = {"gaussian": 0.3, "uniform": 0.35, "static": 0.2, "black": 0.1}


@cache
def study(
    subjects=tuple(NETWORKS), movies=tuple(PAPER), controls=("control",), n_trials=3, undefined=(), statistics=True
):
    """Make the data of a whole study.

    Parameters
    ----------
    subjects : roles of the study's networks; any other name is a network without a role
    undefined : (subject, area) pairs without a score on movie1
    n_trials : clips a length, and draws a window
    """
    rng, areas = np.random.default_rng(7), (*AREAS, *controls)
    told = {
        name: {
            **{"label": NETWORKS.get(name, (name,))[0], "role": _role(name), "still": name in STILL},
            **{"network": "snet" if name in ("lorafb_snet", TWIN) else name, "untrained": name == TWIN},
        }
        for name in subjects
    }
    scores, layers = [], []
    for subject, movie in product(subjects, movies):
        about = {"subject": subject, "label": told[subject]["label"], "role": told[subject]["role"]}
        made = _scores(subject, movie, areas, controls, n_trials, undefined, rng)
        scores.append(summarise(made, controls).assign(**about))
        layers.append(made[made["experiment"].isin(("original", "scenes"))].assign(subject=subject))
    scores = pd.concat(scores, ignore_index=True)
    found = _statistics(scores) if statistics else pd.DataFrame()
    return FigureData(
        scores=scores,
        layers=pd.concat(layers, ignore_index=True),
        ceilings=_ceilings(movies, areas, controls, rng),
        statistics=found,
        pairs=_pairs(found) if statistics else found,
        psth=_psth(rng),
        units=pd.DataFrame(
            [(movie, area, 48, 44) for movie in movies for area in areas], columns=["movie", "area", "units", "kept"]
        ),
        subjects=told,
        movies={movie: {"title": f"{movie} (simulated mouse)", "paper": PAPER.get(movie, "")} for movie in movies},
        controls=controls,
        note="The mice are SIMULATED: nothing here is a finding about a brain.",
        command="./run snakemake --cores 2 results/figures/figure.svg",
    )


def seen_by(whole, record):
    """Take what the rules would give to a record's job: its roles, its movies, the tables that it reads."""
    twins = [name for name in whole.subjects if name == TWIN and "statistics" in record.reads]
    subjects = {
        name: told
        for name, told in whole.subjects.items()
        if not record.roles or told["role"] in record.roles or name in twins
    }
    movies = {name: told for name, told in whole.movies.items() if told["paper"] in record.movies}
    scores = whole.scores[whole.scores["subject"].isin(subjects) & whole.scores["movie"].isin(movies)]
    tables = {name: getattr(whole, name) for name in ("ceilings", "statistics", "pairs", "psth", "units")}
    read = {
        name: table[table["movie"].isin(movies)] if name in record.reads and len(table) else pd.DataFrame()
        for name, table in tables.items()
    }
    layers = whole.layers[whole.layers["subject"].isin(subjects) & whole.layers["movie"].isin(movies)]
    return replace(whole, layers=layers, subjects=subjects, movies=movies, scores=scores, roles=record.roles, **read)


def held(whole):
    """Triples that say what a study holds, as `lorafb.figures.catalogue.possible` takes them."""
    runs = whole.scores[["experiment", "role", "movie", "metric", "replacement"]].drop_duplicates()
    kinds = runs["experiment"].where(runs["metric"] == "tsrsa", runs["metric"])
    kinds = kinds.where(runs["experiment"] != "replace", "replace " + runs["replacement"].astype(str))
    triples = {
        (kind, role, whole.movies[movie]["paper"])
        for kind, role, movie in zip(kinds, runs["role"], runs["movie"], strict=True)
    }
    triples |= {("units", "", paper["paper"]) for paper in whole.movies.values()}
    return triples | {("psth", role, movie) for kind, role, movie in triples if kind == "regression"}


def _role(name):
    return name if name in NETWORKS else ""


def _scores(subject, movie, areas, controls, n_trials, undefined, rng):
    rows = pd.DataFrame(list(_runs(subject, movie, n_trials, rng))).merge(pd.DataFrame({"area": areas}), how="cross")
    level = NETWORKS.get(subject, ("", 0.3))[1] * (0.6 if movie == "movie2" else 1)
    values = level + rows.pop("shift") + rng.normal(0, 0.02, len(rows)) - 0.4 * rows["area"].isin(controls)
    hidden = rows["area"].isin([area for name, area in undefined if name == subject]) & (movie == "movie1")
    rows = rows.assign(network="net", training="motion", movie=movie, layer="layer", layer_index=0)
    return typed(rows.reindex(columns=COLUMNS).assign(value=values.mask(hidden), best=~hidden))


def _runs(subject, movie, n_trials, rng):
    """Every run of a subject on a movie: experiment, metric and settings, and by how much its scores are shifted."""
    if movie == "scenes":
        yield {"experiment": "scenes", "metric": "tsrsa", "shift": 0.0}
        return
    for metric, shift in (("tsrsa", 0.0), ("regression", -0.1), ("regression-cv", -0.2)):
        yield {"experiment": "original", "metric": metric, "shift": shift}
    for length, trial in product((30, 60, 120, 240), range(n_trials)):
        yield {"experiment": "clip", "metric": "tsrsa", "length": length, "trial": trial, "shift": -3 / length}
    if movie != "movie1":
        return
    depth = 0 if subject in STILL else 0.2 if subject == "lorafb_snet" else 0.03
    for (window, chaos), trial in product(((15, 0.004), (100, 0.11), (300, 0.98)), range(n_trials)):
        run = {"experiment": "shuffle", "metric": "tsrsa", "window": window, "trial": trial, "shift": -depth * chaos}
        yield {**run, "chaos": chaos * (1 + rng.normal(0, 0.01))}
    for (kind, depth), window, trial in product(DEPTHS.items(), (2, 5, 20), range(n_trials)):
        run = {"experiment": "replace", "metric": "tsrsa", "window": window, "trial": trial, "shift": -depth / window}
        yield {**run, "ratio": 1 / window, "replacement": kind}


def _ceilings(movies, areas, controls, rng):
    rows = pd.DataFrame(
        list(product(movies, areas, ("units", "stimulus"), range(5))), columns=["movie", "area", "layer", "trial"]
    )
    level = 0.62 - 0.5 * rows["area"].isin(controls) - 0.2 * (rows["layer"] == "stimulus")
    return rows.assign(value=level + rng.normal(0, 0.02, len(rows)), length=np.nan)


def _statistics(scores):
    original = scores[(scores["experiment"] == "original") & (scores["metric"] == "tsrsa")]
    rows = original[["subject", "movie", "area", "value"]]
    lag_only = pd.DataFrame(
        [("lag_only", movie, "mean", 0.33) for movie in rows["movie"].unique()], columns=rows.columns
    )
    rows = pd.concat([rows, lag_only], ignore_index=True)
    value = rows["value"]
    ends = {"ci_low": value - 0.03, "ci_high": value + 0.03, "e2_low": value - 0.1, "e2_high": value + 0.1}
    lag = {"score_lag": value - 0.2, "p_lag": 0.01, "supported": rows["subject"] != "lag_only"}
    return rows.assign(**ends, **lag, n_groups=20, sessions_as_groups=False, short_blocks=False)


def _pairs(statistics):
    rows = []
    for movie, means in statistics[statistics["area"] == "mean"].groupby("movie"):
        for (a, first), (b, second) in combinations(zip(means["subject"], means["value"], strict=True), 2):
            gap = first - second
            p = 2 * t.sf(abs(gap) / 0.01, 19), 2 * t.sf(abs(gap) / 0.02, 9)
            half = t.ppf(0.975, 19) * 0.01, t.ppf(0.975, 9) * 0.02
            rows.append((movie, a, b, gap, gap - half[0], gap + half[0], p[0], gap - half[1], gap + half[1], p[1]))
    columns = [
        "movie",
        "subject_a",
        "subject_b",
        "difference",
        "ci_low",
        "ci_high",
        "ci_p",
        "e2_low",
        "e2_high",
        "e2_p",
    ]
    return pd.DataFrame(rows, columns=columns)


def _psth(rng):
    frames = np.arange(1, 200)
    about = {"movie": "movie1", "layer": "layer", "session": 1, "r2": 0.4}
    return pd.concat(
        pd.DataFrame(
            {"area": area, "unit_id": 100 + place, "frame": frames, "measured": rng.gamma(2, 4, len(frames))}
        ).assign(regressed=8 + 2 * np.sin(frames / 30 + place), **about)
        for place, area in enumerate(AREAS)
    )
