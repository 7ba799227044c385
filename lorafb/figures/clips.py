"""Figures 3C and 3D: scores on random clips of growing length, and how they stand to one another."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from lorafb.figures.bars import Shown
from lorafb.figures.intervals import over_trials, ratio
from lorafb.figures.material import Material
from lorafb.figures.style import COLUMN, PAGE, house_style, legend, look, panels


def figure_3c(material: Material) -> Shown:
    """Draw score against clip length, error bars the standard error over clips (Huang et al. 2024, Figure 3C)."""
    shown = over_trials(_clips(material), ["subject", "label", "role", "movie", "length"])
    drawn = _lines(material, shown, "TSRSA score (Spearman r)")
    return drawn, shown, f"TSRSA score on random consecutive clips against their length. {_trials(material, shown)}"


def figure_3d(material: Material) -> Shown:
    """Draw the first network's score over each other one's against clip length (Huang et al. 2024, Figure 3D)."""
    clips, (first, *others) = _clips(material), material.roles
    keys = ["movie", "length", "trial"]
    above = clips[clips["role"] == first][[*keys, "value"]]
    rows = []
    for role in others:
        both = above.merge(clips[clips["role"] == role], on=keys, suffixes=("_above", "_below"))
        for (movie, length), pairs in both.groupby(["movie", "length"], sort=False):
            value, error = ratio(pairs["value_above"], pairs["value_below"])
            one = {"subject": material.subject(role), "label": material.label(role), "role": role, "movie": movie}
            undefined = int(pairs[["value_above", "value_below"]].isna().any(axis=1).sum())
            one |= {"length": length, "value": value, "standard_error": error}
            rows.append({**one, "trials": len(pairs) - undefined, "undefined": undefined})
    columns = ["subject", "label", "role", "movie", "length", "value", "standard_error", "trials", "undefined"]
    shown = pd.DataFrame(rows, columns=columns)
    drawn = _lines(material, shown, f"{material.label(first)} / other", level=1.0)
    said = (
        f"Ratio of {material.label(first)}'s mean score to each other network's on the same clips, against clip length; "
        f"no point where the other's mean is not above 0. "
    )
    return drawn, shown, said + _trials(material, shown)


def _clips(material: Material) -> pd.DataFrame:
    clips = material.run("clip")
    return clips[clips["area"] == "mean"].sort_values(["length", "trial"], kind="stable")


def _lines(material: Material, shown: pd.DataFrame, label: str, level: float | None = None) -> Figure:
    movies = material.shown(shown)
    with house_style():
        figure, axes_of = panels(len(movies), 2.8, min(PAGE, max(COLUMN, 2.6 * len(movies))))
        for axes, movie in zip(axes_of, movies, strict=True):
            for role in material.roles:
                _line(axes, shown[(shown["movie"] == movie) & (shown["role"] == role)], role, material.label(role))
            if level is not None:
                axes.axhline(level, linewidth=0.6, linestyle="--", color="black")
            lengths = sorted(shown.loc[shown["movie"] == movie, "length"].unique())
            axes.set_xscale("log")
            axes.set_xticks(lengths, [str(length) for length in lengths], rotation=45)
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xlim(lengths[0] / 1.2, lengths[-1] * 1.2)
            if shown.loc[shown["movie"] == movie, "value"].isna().all():
                axes.text(0.5, 0.5, "nothing is defined", transform=axes.transAxes, ha="center", color="#666666")
            axes.set_xlabel("clip length (frames)")
            axes.set_title(material.movies[movie]["title"])
        axes_of[0].set_ylabel(label)
        legend(figure)
    return figure


def _line(axes: Axes, rows: pd.DataFrame, role: str, label: str) -> None:
    if rows["value"].notna().any():
        style = look(role)
        axes.errorbar(
            rows["length"].to_numpy(np.float64),
            rows["value"].to_numpy(),
            rows["standard_error"].to_numpy(),
            fmt=f"-{style.marker}",
            color=style.colour,
            markersize=4,
            capsize=2,
            linewidth=1,
            label=label,
        )


def _trials(material: Material, shown: pd.DataFrame) -> str:
    """Say n, the error bars, and which trials have no score."""
    trials = sorted((shown["trials"] + shown["undefined"]).unique())
    undefined = int(shown["undefined"].sum())
    said = [
        f"Means over {' or '.join(map(str, trials))} clips a length, drawn at random, the same ones for every network; "
        f"for every area its best layer on that clip, mean over areas. "
        f"Error bars: standard error over clips"
        f"{'' if max(trials, default=0) > 1 else ', which one clip does not have'}; clips overlap, and long ones nearly coincide, "
        f"so that it says nothing of other movies. No test is made."
    ]
    if undefined:
        said.append(f"{undefined} clips have no score, and are left out.")
    return " ".join([*said, material.closing()])
