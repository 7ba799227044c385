"""The paper's claims, each compared with our own numbers: holds here, does not hold, or cannot be tested.

A verdict on a simulation is about the simulation alone, and one checkpoint cannot represent an architecture.
"""

from dataclasses import dataclass

import pandas as pd

from lorafb.figures import captions, paper_numbers, scores
from lorafb.figures.figure_data import FigureData
from lorafb.figures.sweeps import drop

SCORE, REGRESSION, SCENES, DROP, BASELINE = "score", "regression", "scenes", "drop", "baseline"
TEXTS = {
    SCORE: "{higher} scores above {lower}",
    REGRESSION: "{higher} fits units better than {lower}",
    SCENES: "{higher} scores above {lower}",
    DROP: "{higher} drops more than {lower} when frames are shuffled in the widest windows",
    BASELINE: "{higher} scores above distance in time alone",
}
ALPHA = 0.05


@dataclass(frozen=True)
class Claim:
    """One network above another, in a score or in how far its score drops when frames are shuffled."""

    kind: str
    higher: str
    lower: str
    movie: str
    source: str

    def text(self, data: FigureData) -> str:
        """Claim in words."""
        lower = "" if self.kind == BASELINE else data.label(self.lower)
        return TEXTS[self.kind].format(higher=data.label(self.higher), lower=lower)


_MOVIES = ("Movie1", "Movie2")
_OTHERS = ("cornet", "resnet_2p_cpc", "sew_resnet")
_ABLATIONS = (
    ("lorafb_continuous", "lorafb_discontinuous"),
    ("lorafb_snet", "lorafb_discontinuous"),
    ("lorafb_snet", "lorafb_imagenet"),
    ("lorafb_snet", "no_spike"),
)
CLAIMS = (
    *(Claim(BASELINE, "lorafb_snet", scores.LAG_ONLY, movie, "baseline") for movie in _MOVIES),
    *(Claim(SCORE, "lorafb_snet", other, movie, "Table 1") for movie in _MOVIES for other in _OTHERS),
    *(Claim(SCORE, higher, lower, "Movie1", "Table 2") for higher, lower in _ABLATIONS),
    Claim(DROP, "lorafb_snet", "sew_resnet", "Movie1", "Figure 4A"),
    *(Claim(REGRESSION, "lorafb_snet", other, movie, "Table 5") for movie in _MOVIES for other in _OTHERS),
    *(Claim(SCENES, "lorafb_snet", other, "scenes", "Table 6") for other in _OTHERS),
)


def claims(data: FigureData) -> tuple[pd.DataFrame, str]:
    """Make the table of claims: the paper's effect, ours with interval and p where there is a test, and the verdict."""
    return pd.DataFrame([_row(data, claim) for claim in CLAIMS]), captions.caption("claims", data=data)


def _row(data: FigureData, claim: Claim) -> dict[str, object]:
    movie = next((name for name in data.movies if data.movies[name]["paper"] == claim.movie), "")
    ours = _ours(data, claim, movie) if movie else scores.Paired(float("nan"))
    return {
        "claim": claim.text(data),
        "shown in": claim.source,
        "movie": movie or claim.movie,
        "the paper": _paper(data, claim),
        "ours": ours.difference,
        "low": ours.low,
        "high": ours.high,
        "p": ours.p,
        "verdict": verdict(ours.difference, ours.p, data.simulated),
    }


def _ours(data: FigureData, claim: Claim, movie: str) -> scores.Paired:
    """Effect, its 95 % interval over units, and p corrected for all pairs; NaN where they are not known."""
    lower = claim.lower if claim.kind == BASELINE else data.subject(claim.lower)
    test = (
        scores.difference(data, movie, data.subject(claim.higher), lower) if claim.kind in (SCORE, BASELINE) else None
    )
    if test is not None:
        return test
    one, other = (_value(data, claim.kind, movie, role) for role in (claim.higher, claim.lower))
    return scores.Paired(one - other)


def _value(data: FigureData, kind: str, movie: str, role: str) -> float:
    """Score of a network; for a drop, its mean over the trials of the widest window."""
    if kind != DROP:
        metric = "regression" if kind == REGRESSION else ""
        return data.mean_score("scenes" if kind == SCENES else "original", movie, role, metric)
    rows = data.means_of("shuffle")
    rows = rows[(rows["movie"] == movie) & (rows["role"] == role)]
    subject = data.subject(role)
    if not len(rows) or not subject or data.subjects[subject]["still"]:  # sees frames alone, and cannot drop
        return float("nan")
    widest = rows[rows["window"] == rows["window"].max()]["value"]
    return drop(float(widest.mean(skipna=False)), data.mean_score("original", movie, role))


def _paper(data: FigureData, claim: Claim) -> float:
    table = claim.source.lower().replace(" ", "_")
    one, other = (paper_numbers.number(data.paper, table, claim.movie, role) for role in (claim.higher, claim.lower))
    return one - other


def verdict(effect: float, p: float, simulated: bool) -> str:
    """Say whether a claim holds in these data; it never says that the paper is right or wrong.

    Parameters
    ----------
    effect : float
        Ours, above 0 where it has the sign of the claim; NaN where it is not known.
    p : float
        Of the test, NaN where there is none: then the sign decides, and the verdict says so.
    simulated : bool
        Whether the recordings are simulated.
    """
    if effect != effect:
        return "not testable here"
    if p >= ALPHA:
        return "not testable here: too near to tell"
    holds = f"{'holds' if effect > 0 else 'does not hold'} in {'the simulation' if simulated else 'these data'}"
    return holds if p < ALPHA else f"{holds}, by its sign alone"
