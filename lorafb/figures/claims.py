"""The paper's claims, each held against our own numbers: holds here, does not, or cannot be told.

What a simulation shows is said of the simulation alone, and one checkpoint speaks for no architecture.
"""

from dataclasses import dataclass

import pandas as pd

from lorafb.figures import published, scores
from lorafb.figures.material import Material
from lorafb.figures.sweeps import drop, original

SCORE, REGRESSION, SCENES, DROP, BASELINE = "score", "regression", "scenes", "drop", "baseline"
ALPHA = 0.05


@dataclass(frozen=True)
class Claim:
    """One network above another, in a score or in how far its score drops when frames are shuffled."""

    kind: str
    higher: str
    lower: str
    movie: str
    where: str

    def text(self, material: Material) -> str:
        """Claim in words."""
        higher = material.label(self.higher)
        if self.kind == BASELINE:
            return f"{higher} scores above distance in time alone"
        lower = material.label(self.lower)
        if self.kind == DROP:
            return f"{higher} drops more than {lower} when frames are shuffled in the widest windows"
        return f"{higher} {'fits units better than' if self.kind == REGRESSION else 'scores above'} {lower}"


_MOVIES = ("Movie1", "Movie2")
_OTHERS = ("cornet", "resnet_2p_cpc", "sew_resnet")
CLAIMS = (
    *(Claim(BASELINE, "lorafb_snet", scores.LAG_ONLY, movie, "baseline") for movie in _MOVIES),
    *(Claim(SCORE, "lorafb_snet", other, movie, "Table 1") for movie in _MOVIES for other in _OTHERS),
    *(
        Claim(SCORE, higher, lower, "Movie1", "Table 2")
        for higher, lower in (
            ("lorafb_continuous", "lorafb_discontinuous"),
            ("lorafb_snet", "lorafb_discontinuous"),
            ("lorafb_snet", "lorafb_imagenet"),
            ("lorafb_snet", "no_spike"),
        )
    ),
    Claim(DROP, "lorafb_snet", "sew_resnet", "Movie1", "Figure 4A"),
    *(Claim(REGRESSION, "lorafb_snet", other, movie, "Table 5") for movie in _MOVIES for other in _OTHERS),
    *(Claim(SCENES, "lorafb_snet", other, "scenes", "Table 6") for other in _OTHERS),
)


def claims(material: Material) -> tuple[pd.DataFrame, str]:
    """Lay the claims out: the paper's effect, ours with interval and p where there is a test, and the verdict."""
    return pd.DataFrame([_row(material, claim) for claim in CLAIMS]), _caption(material)


def _row(material: Material, claim: Claim) -> dict[str, object]:
    movie = next((name for name in material.movies if material.paper(name) == claim.movie), None)
    paper = _paper(material, claim)
    row: dict[str, object] = {"claim": claim.text(material), "shown in": claim.where, "movie": movie or claim.movie}
    ours = _ours(material, claim, movie) if movie else scores.Paired(*[float("nan")] * 4)
    found = {"ours": ours.difference, "low": ours.low, "high": ours.high, "p": ours.p}
    return {**row, "the paper": paper, **found, "verdict": verdict(ours.difference, ours.p, material.simulated)}


def _ours(material: Material, claim: Claim, movie: str) -> scores.Paired:
    """Effect, its 95 % interval over units, and p corrected for all pairs; NaN where they are not known."""
    higher = material.subject(claim.higher)
    lower = claim.lower if claim.kind == BASELINE else material.subject(claim.lower)
    test = scores.difference(material, movie, higher or "", lower or "") if claim.kind in (SCORE, BASELINE) else None
    if test is not None:
        return test
    value = _drop if claim.kind == DROP else _score
    effect = value(material, claim, movie, claim.higher) - value(material, claim, movie, claim.lower)
    return scores.Paired(effect, *[float("nan")] * 3)


def _score(material: Material, claim: Claim, movie: str, role: str) -> float:
    metric = "regression" if claim.kind == REGRESSION else "tsrsa"
    rows = material.run("scenes" if claim.kind == SCENES else "original", metric)
    found = rows[(rows["area"] == "mean") & (rows["movie"] == movie) & (rows["role"] == role)]["value"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _drop(material: Material, claim: Claim, movie: str, role: str) -> float:
    """Mean drop over the trials of the widest window; NaN for a network that sees frames alone, and cannot drop."""
    rows = material.run("shuffle")
    rows = rows[(rows["area"] == "mean") & (rows["movie"] == movie) & (rows["role"] == role)]
    subject = material.subject(role)
    if not len(rows) or not subject or material.subjects[subject]["still"]:
        return float("nan")
    widest = rows[rows["window"] == rows["window"].max()]["value"]
    return drop(float(widest.mean(skipna=False)), original(material, movie, role))


def _paper(material: Material, claim: Claim) -> float:
    table = {REGRESSION: "table_5", SCENES: "table_6"}.get(claim.kind, claim.where.lower().replace(" ", "_"))
    one, other = (
        published.number(material.published, table, claim.movie, role) for role in (claim.higher, claim.lower)
    )
    return one - other


def verdict(effect: float, p: float, simulated: bool) -> str:
    """Say whether a claim holds in these data; it never says that the paper is right or wrong.

    Parameters
    ----------
    effect : float
        Ours, above 0 where it goes the claim's way; NaN where it is not known.
    p : float
        Of the test, NaN where there is none: then the sign decides, and the verdict says so.
    simulated : bool
        Whether the recordings are simulated.
    """
    if effect != effect:
        return "not testable here"
    if p >= ALPHA:
        return "not testable here: too near to tell"
    said = f"{'holds' if effect > 0 else 'does not hold'} in {'the simulation' if simulated else 'these data'}"
    return said if p < ALPHA else f"{said}, by its sign alone"


def _caption(material: Material) -> str:
    return (
        "Each claim as one network above another, after what all of them rest on (baseline, no claim of the paper: a network "
        "should score above one that sees no stimulus and knows how far apart two frames are): the paper's effect and ours "
        "(differences of scores; of drops, for Figure 4A, the paper gives 46.5 % against under 9 %). low, high, p: paired "
        "jackknife over units (the best layer chosen anew), p two-sided with Holm's correction over all pairs of networks; "
        "where they are empty no test was made. One checkpoint a network: a verdict is about these weights and this movie. "
        f"{material.closing()}"
    )
