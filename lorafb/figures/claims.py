"""What a study was asked, each claim with its effect, adjusted intervals, and a verdict that says how far it reaches.

A study of the paper's networks is asked the paper's claims; one of a person's own, which network is nearest. The family of
a correction is the claims of one table, so that a network about which nothing was asked moves no p.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from lorafb.figures import captions, paper_numbers
from lorafb.figures.figure_data import FigureData
from lorafb.figures.scores import LAG_ONLY
from lorafb.figures.sweeps import drop
from lorafb.similarity.jackknife import BLOCKS, holm

SCORE, REGRESSION, SCENES, DROP = "score", "regression", "scenes", "drop"
TEXTS = {
    SCORE: "{higher} scores above {lower}",
    REGRESSION: "{higher} fits units better than {lower}",
    SCENES: "{higher} scores above {lower}",
    DROP: "{higher} drops more than {lower} when frames are shuffled in the widest windows",
}
ALPHA, FEWEST_SEEDS = 0.05, 5
REACHES = ("on this movie", "for movies of this kind", "for this architecture")
NEAR, UNTESTED, NO_ANSWER = "too near to tell", "not tested", "no answer"
VERDICTS = (
    *(f"{word} {reach}" for word in ("holds", "the opposite holds") for reach in reversed(REACHES)),
    *(NEAR, UNTESTED, NO_ANSWER),
)
"""Every verdict, in the order in which a report groups them."""
SHORT = "movie too short for more"


@dataclass(frozen=True)
class Claim:
    """One network above another on a movie, in a score or in how far its score drops when frames are shuffled.

    Networks are subjects, or roles that no subject of the study has; the movie is the study's, or the paper's.
    """

    kind: str
    higher: str
    lower: str
    movie: str
    source: str


_OTHERS = ("cornet", "resnet_2p_cpc", "sew_resnet")
_ABLATIONS = (
    ("lorafb_continuous", "lorafb_discontinuous"),
    ("lorafb_snet", "lorafb_discontinuous"),
    ("lorafb_snet", "lorafb_imagenet"),
    ("lorafb_snet", "no_spike"),
)
_MOVIES = ("Movie1", "Movie2")
PAPER = (
    *(Claim(SCORE, "lorafb_snet", LAG_ONLY, movie, "baseline") for movie in _MOVIES),
    *(Claim(SCORE, "lorafb_snet", other, movie, "Table 1") for movie in _MOVIES for other in _OTHERS),
    *(Claim(SCORE, higher, lower, "Movie1", "Table 2") for higher, lower in _ABLATIONS),
    Claim(DROP, "lorafb_snet", "sew_resnet", "Movie1", "Figure 4A"),
    *(Claim(REGRESSION, "lorafb_snet", other, movie, "Table 5") for movie in _MOVIES for other in _OTHERS),
    *(Claim(SCENES, "lorafb_snet", other, "scenes", "Table 6") for other in _OTHERS),
)


def claims(data: FigureData) -> tuple[pd.DataFrame, str]:
    """Make the table of claims.

    Returns
    -------
    table
        `claim`, `source`, `movie`, `paper` (the paper's effect), `difference` (ours), over units `ci_low_holm`,
        `ci_high_holm`, `ci_p_holm` and over time `e2_low_holm`, `e2_high_holm`, `e2_p_holm` (two-sided, Holm's correction
        over the claims of the table; an interval excludes 0 exactly where its p is below 0.05), `seeds_p_holm` (Welch's test
        over at least five seeds of each network), `verdict`, `reason` of what has no answer or reaches no further.
    caption
    """
    table = pd.DataFrame([_row(data, claim) for claim in _asked(data)])
    for prefix in ("ci", "e2", "seeds"):
        table = _adjusted(table, prefix)
    time = table["e2_p_holm"].mask(table["short"])
    ps = zip(table["difference"], table["ci_p_holm"], time, table["seeds_p_holm"], strict=True)
    table["verdict"] = [verdict(*one) for one in ps]
    limited = table["verdict"].str.endswith(REACHES[0]) & table["short"]
    table["reason"] = (
        table["reason"].mask(limited, SHORT).where(table["verdict"].isin((UNTESTED, NO_ANSWER)) | limited, "")
    )
    columns = [f"{prefix}_{name}_holm" for prefix in ("ci", "e2") for name in ("low", "high", "p")]
    table = table[["claim", "source", "movie", "paper", "difference", *columns, "seeds_p_holm", "verdict", "reason"]]
    tested = int(table["ci_p_holm"].notna().sum())
    return table, captions.caption("claims", data=data, counts=counts(table), tested=tested, own=not data.roles)


def counts(table: pd.DataFrame) -> dict[str, int]:
    """Count the claims with each verdict, those that occur."""
    found = table["verdict"].value_counts()
    return {one: int(found[one]) for one in VERDICTS if one in found}


def _asked(data: FigureData) -> Iterator[Claim]:
    """Claims of the study; those of an untrained twin are asked of the first network, or of every one."""
    if not data.roles:
        for movie in data.movies:
            means = data.means_of("original")
            ranked = means[means["movie"] == movie].sort_values("value", ascending=False, kind="stable")["subject"]
            yield from (Claim(SCORE, one, LAG_ONLY, movie, "baseline") for one in ranked)
            yield from (Claim(SCORE, one, other, movie, "ranking") for one, other in combinations(ranked, 2))
        return
    movies = {about["paper"]: movie for movie, about in data.movies.items()}
    first = data.subject(data.roles[0])
    for movie in _MOVIES:
        if (twin := data.twin(first)) and movie in movies:
            yield Claim(SCORE, first, twin, movies[movie], "baseline")
    for one in PAPER:
        higher, lower = (data.subject(role) or role for role in (one.higher, one.lower))
        yield Claim(one.kind, higher, lower, movies.get(one.movie, one.movie), one.source)


def _row(data: FigureData, claim: Claim) -> dict[str, object]:
    effect = _tested(data, claim) if claim.kind == SCORE else {}
    value = effect.pop("difference", float("nan"))
    if not effect:
        value = _value(data, claim, claim.higher) - _value(data, claim, claim.lower)
    names = {name: data.name(network) for name, network in (("higher", claim.higher), ("lower", claim.lower))}
    nothing = dict.fromkeys(("ci_p", "e2_p", "ci_error", "e2_error", "ci_df", "e2_df", "seeds_p"), float("nan"))
    return {
        "claim": TEXTS[claim.kind].format(**names),
        "source": claim.source,
        "movie": claim.movie,
        "paper": _paper(data, claim),
        "difference": value,
        **nothing,
        **effect,
        "short": bool(effect.get("short")),
        "reason": _reason(data, claim) if value != value else "no test of this kind",
    }


def _tested(data: FigureData, claim: Claim) -> dict[str, float]:
    """Difference, and of each kind of replicates p, standard error and degrees of freedom; empty where there is no test."""
    pairs = data.of_metric(data.pairs, data.metric)
    for sign, a, b in ((1, claim.higher, claim.lower), (-1, claim.lower, claim.higher)):
        rows = (
            pairs[(pairs["movie"] == claim.movie) & (pairs["subject_a"] == a) & (pairs["subject_b"] == b)]
            if len(pairs)
            else pairs
        )
        for row in rows.to_dict("records"):
            of_movie = data.statistics[data.statistics["movie"] == claim.movie]
            groups = of_movie.loc[of_movie["area"] == "mean", "n_groups"].iloc[0]
            effect = {"difference": sign * row["difference"], "short": bool(of_movie["short_blocks"].any())}
            for prefix, df in (("ci", groups - 1), ("e2", BLOCKS - 1)):
                half = (row[f"{prefix}_high"] - row[f"{prefix}_low"]) / 2
                error = half / stats.t.ppf(1 - ALPHA / 2, df)
                effect |= {f"{prefix}_p": row[f"{prefix}_p"], f"{prefix}_error": error, f"{prefix}_df": df}
            return {**effect, "seeds_p": _over_seeds(data, claim, effect["difference"])}
    return {}


def _over_seeds(data: FigureData, claim: Claim, effect: float) -> float:
    """P of Welch's test over seeds, against a baseline without seeds of Student's.

    NaN where there are fewer than five seeds, or where their means differ the other way than the effect.
    """
    one, other = (data.seeds_of(name, claim.movie, "original") for name in (claim.higher, claim.lower))
    if len(one) >= FEWEST_SEEDS and claim.lower == LAG_ONLY:
        rows = data.statistics[(data.statistics["subject"] == LAG_ONLY) & (data.statistics["movie"] == claim.movie)]
        test = stats.ttest_1samp(one, rows.loc[rows["area"] == "mean", "value"].iloc[0])
    elif min(len(one), len(other)) >= FEWEST_SEEDS:
        test = stats.ttest_ind(one, other, equal_var=False)
    else:
        return float("nan")
    return float(test.pvalue) if test.statistic * effect > 0 else float("nan")


def _adjusted(table: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Correct p by Holm's method, and give each claim the interval of the level at which Holm tests it.

    Of m claims, r of them rejected, the claim of rank k (from 0) is tested at 0.05 / (m - min(k, r)).
    """
    p = table[f"{prefix}_p"].to_numpy(np.float64)
    corrected = holm(list(p))
    table = table.assign(**{f"{prefix}_p_holm": corrected})
    if f"{prefix}_error" in table:
        rank = table[f"{prefix}_p"].rank(method="first").to_numpy() - 1
        level = ALPHA / np.maximum(np.sum(~np.isnan(p)) - np.minimum(rank, np.sum(corrected < ALPHA)), 1)
        half = stats.t.ppf(1 - level / 2, table[f"{prefix}_df"]) * table[f"{prefix}_error"]
        ends = {"low": table["difference"] - half, "high": table["difference"] + half}
        table = table.assign(**{f"{prefix}_{name}_holm": end for name, end in ends.items()})
    return table


def _value(data: FigureData, claim: Claim, network: str) -> float:
    """Score of a network; for a drop, its mean over the trials of the widest window."""
    if network not in data.subjects:
        return float("nan")
    role = data.subjects[network]["role"]
    if claim.kind != DROP:
        metric = "regression" if claim.kind == REGRESSION else ""
        return data.mean_score("scenes" if claim.kind == SCENES else "original", claim.movie, role, metric)
    rows = data.means_of("shuffle")
    rows = rows[(rows["movie"] == claim.movie) & (rows["subject"] == network)]
    if not len(rows) or data.subjects[network]["still"]:
        return float("nan")
    widest = rows[rows["window"] == rows["window"].max()]["value"]
    return drop(float(widest.mean(skipna=False)), data.mean_score("original", claim.movie, role))


def _reason(data: FigureData, claim: Claim) -> str:
    """Say why a claim has no answer."""
    if claim.movie not in data.movies:
        return f"{claim.movie} is not in this study"
    for network in (claim.higher, claim.lower):
        if network not in data.subjects and network != LAG_ONLY:
            return f"{data.name(network)} is not in this study"
        if claim.kind == DROP and data.subjects[network]["still"]:
            return f"{data.name(network)} sees each frame alone, so a shuffle cannot change its score"
    scored = data.scores[(data.scores["movie"] == claim.movie) & (data.scores["area"] == "mean")]
    for network in (claim.higher, claim.lower):
        if network != LAG_ONLY and scored.loc[scored["subject"] == network, "value"].notna().sum() == 0:
            return f"{data.name(network)} has no score here"
    return "not measured in this study"


def _paper(data: FigureData, claim: Claim) -> float:
    table, movie = claim.source.lower().replace(" ", "_"), data.movies.get(claim.movie, {}).get("paper", claim.movie)
    roles = [data.subjects.get(network, {"role": network})["role"] for network in (claim.higher, claim.lower)]
    one, other = (paper_numbers.number(data.paper, table, movie, role) for role in roles)
    return one - other


def verdict(effect: float, units: float, time: float = float("nan"), seeds: float = float("nan")) -> str:
    """Say whether a claim holds, and how far that reaches; it never says that the paper is right or wrong.

    Parameters
    ----------
    effect : float
        Ours, above 0 where it has the sign of the claim; NaN where it is not known.
    units, time, seeds : float
        Corrected p over units, over time and over seeds; NaN where there is no test. An effect reaches movies of this kind
        where units and time agree, and the architecture where seeds do too.
    """
    if effect != effect:
        return NO_ANSWER
    if units != units:
        return UNTESTED
    if units >= ALPHA:
        return NEAR
    reach = 0 if not time < ALPHA else 2 if seeds < ALPHA else 1
    return f"{'holds' if effect > 0 else 'the opposite holds'} {REACHES[reach]}"
