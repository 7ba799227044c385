"""Claims: what is asked, adjusted intervals that agree with their p, and verdicts that say how far they reach."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from synthetic_study import NETWORKS, TWIN, seen_by, study

from lorafb.figures import catalogue, claims
from lorafb.similarity.jackknife import holm

NAN = float("nan")


def asked(whole, name="claims"):
    return claims.claims(seen_by(whole, {**catalogue.TABLES, **catalogue.OWN_TABLES}[name]))


@pytest.mark.parametrize(
    ("effect", "units", "time", "seeds", "said"),
    [
        (0.1, 0.01, 0.2, NAN, "holds on this movie"),
        (0.1, 0.01, NAN, NAN, "holds on this movie"),
        (0.1, 0.01, 0.01, NAN, "holds for movies of this kind"),
        (0.1, 0.01, 0.01, 0.2, "holds for movies of this kind"),
        (0.1, 0.01, 0.01, 0.01, "holds for this architecture"),
        (0.1, 0.01, 0.2, 0.01, "holds on this movie"),
        (-0.1, 0.01, 0.01, NAN, "the opposite holds for movies of this kind"),
        (0.1, 0.2, 0.01, 0.01, "too near to tell"),
        (0.1, NAN, NAN, NAN, "not tested"),
        (NAN, NAN, NAN, NAN, "no answer"),
    ],
)
def test_a_verdict_reaches_as_far_as_its_tests(effect, units, time, seeds, said):
    assert claims.verdict(effect, units, time, seeds) == said
    assert said in claims.VERDICTS


def test_a_claim_has_the_paired_difference_and_p_corrected_for_the_claims_alone():
    whole = study()
    table, caption = asked(whole)
    tested = table[table["ci_p_holm"].notna()]
    raw = []
    for row in tested.to_dict("records"):
        higher, _, lower = row["claim"].partition(" scores above ")
        names = {label: name for name, (label, _) in NETWORKS.items()} | {"time alone": "lag_only"}
        pairs = whole.pairs[whole.pairs["movie"] == row["movie"]].set_index(["subject_a", "subject_b"])
        one, other = names[higher], names[lower]
        sign, at = (1, (one, other)) if (one, other) in pairs.index else (-1, (other, one))
        assert row["difference"] == pytest.approx(sign * pairs.loc[at, "difference"])
        raw.append(pairs.loc[at, "ci_p"])
    np.testing.assert_allclose(tested["ci_p_holm"], holm(raw))
    assert f"the {len(tested)} tested rows" in caption


@pytest.mark.parametrize("prefix", ["ci", "e2"])
def test_an_adjusted_interval_excludes_zero_exactly_where_its_p_is_small(prefix):
    table, _ = asked(study())
    tested = table[table[f"{prefix}_p_holm"].notna()]
    excluded = (tested[f"{prefix}_low_holm"] > 0) | (tested[f"{prefix}_high_holm"] < 0)
    assert excluded.tolist() == (tested[f"{prefix}_p_holm"] < 0.05).tolist()
    assert 0 < excluded.sum() < len(excluded)


def test_the_most_certain_claim_has_the_interval_of_bonferroni():
    table, _ = asked(study())
    tested = table[table["ci_p_holm"].notna()]
    first = tested.loc[tested["difference"].abs().idxmax()]
    half = stats.t.ppf(1 - 0.05 / len(tested) / 2, 19) * 0.01
    assert first["ci_high_holm"] - first["difference"] == pytest.approx(half)


def test_a_network_about_which_nothing_was_asked_moves_no_p():
    pd.testing.assert_frame_equal(asked(study())[0], asked(study(subjects=(*NETWORKS, "tenth")))[0])


def test_the_untrained_twin_is_a_baseline_of_the_first_network():
    table, _ = asked(study(subjects=(*NETWORKS, TWIN)))
    assert table["claim"].tolist()[:2] == ["LoRaFB-SNet scores above initial"] * 2
    assert table["source"].tolist()[:2] == ["baseline"] * 2


def test_a_movie_too_short_gives_no_verdict_on_movies_of_its_kind_and_says_so():
    whole = study()
    assert asked(whole)[0]["verdict"].str.contains("movies of this kind").any()
    table, _ = asked(replace(whole, statistics=whole.statistics.assign(short_blocks=True)))
    assert not table["verdict"].str.contains("movies of this kind").any()
    assert set(table.loc[table["verdict"].str.endswith("on this movie"), "reason"]) == {claims.SHORT}


def test_what_has_no_answer_says_why():
    whole = study(subjects=("lorafb_snet", "sew_resnet"), movies=("movie1",))
    still = {**whole.subjects, "sew_resnet": {**whole.subjects["sew_resnet"], "still": True}}
    table, _ = asked(replace(whole, subjects=still))
    reasons = table[table["verdict"] == "no answer"].set_index(["claim", "movie"])["reason"]
    assert reasons["LoRaFB-SNet scores above CORnet", "movie1"] == "CORnet is not in this study"
    assert reasons["LoRaFB-SNet scores above SEW-ResNet", "Movie2"] == "Movie2 is not in this study"
    drop = table[table["source"] == "Figure 4A"].iloc[0]
    assert drop["reason"] == "SEW-ResNet sees each frame alone, so a shuffle cannot change its score"
    hidden = study(undefined=(("cornet", "visl"),))
    row = asked(replace(hidden, pairs=hidden.pairs.assign(difference=NAN)))[0].set_index(["claim", "movie"])
    assert row.loc[("LoRaFB-SNet scores above CORnet", "movie1"), "reason"] == "CORnet has no score here"


def test_claims_without_a_test_give_the_effect_and_no_verdict_by_its_sign():
    table, _ = asked(study())
    rows = table[table["source"].isin(("Table 5", "Table 6", "Figure 4A"))]
    assert rows["difference"].notna().all()
    assert set(rows["verdict"]) == {"not tested"}
    assert set(rows["reason"]) == {"no test of this kind"}


def test_the_drop_that_is_claimed_is_that_of_the_widest_windows():
    whole = study()
    drops = []
    for role in ("lorafb_snet", "sew_resnet"):
        rows = whole.scores[(whole.scores["role"] == role) & (whole.scores["area"] == "mean")]
        rows = rows[rows["movie"] == "movie1"]
        widest = rows[(rows["experiment"] == "shuffle") & (rows["window"] == 300)]["value"].mean()
        intact = rows[(rows["experiment"] == "original") & (rows["metric"] == "tsrsa")]["value"].item()
        drops.append(1 - widest / intact)
    ours = asked(whole)[0].query("source == 'Figure 4A'")["difference"].item()
    assert ours == pytest.approx(drops[0] - drops[1])


def test_seeds_are_compared_by_welchs_test():
    whole = study()
    seeds = {"lorafb_snet": [0.5, 0.52, 0.54, 0.56, 0.58], "cornet": [0.4, 0.41, 0.42, 0.43, 0.44]}
    rows = [(name, "movie1", "original", "mean", "tsrsa", value) for name, values in seeds.items() for value in values]
    table = pd.DataFrame(rows, columns=["subject", "movie", "experiment", "area", "metric", "value"])
    found, _ = asked(replace(whole, replicates=table))
    row = found[(found["claim"] == "LoRaFB-SNet scores above CORnet") & (found["movie"] == "movie1")].iloc[0]
    welch = stats.ttest_ind(*seeds.values(), equal_var=False).pvalue
    alone = stats.ttest_1samp(seeds["lorafb_snet"], 0.33).pvalue  # the other claim with seeds: above time alone
    assert row["seeds_p_holm"] == pytest.approx(max(welch, 2 * alone) if welch > alone else 2 * welch)
    seeds = dict(
        zip(seeds, reversed(seeds.values()), strict=True)
    )  # seeds that say the opposite of the study's weights
    table["value"] = [value for values in seeds.values() for value in values]
    found, _ = asked(replace(whole, replicates=table))
    row = found[(found["claim"] == "LoRaFB-SNet scores above CORnet") & (found["movie"] == "movie1")].iloc[0]
    assert row["difference"] > 0
    assert np.isnan(row["seeds_p_holm"])


def test_a_study_of_ones_own_asks_which_network_is_nearest():
    whole = study(subjects=("a", "b", "c"), movies=("mine",))
    table, caption = asked(whole, "comparisons")
    means = whole.scores.query("experiment == 'original' and metric == 'tsrsa' and area == 'mean'")
    ranked = means.sort_values("value", ascending=False)["subject"].tolist()
    assert table["claim"].tolist()[:3] == [f"{name} scores above time alone" for name in ranked]
    assert table["claim"].tolist()[3:] == [f"{ranked[i]} scores above {ranked[j]}" for i, j in ((0, 1), (0, 2), (1, 2))]
    assert caption.startswith("6 comparisons: ")
    assert "paper" not in caption


def test_the_message_counts_the_verdicts():
    table, caption = asked(study())
    found = claims.counts(table)
    assert sum(found.values()) == len(table)
    assert f"{len(table)} claims: " in caption
    assert f"{found['not tested']} without a test" in caption
    nothing = asked(study(statistics=False))[1].split("\n\n")[0]
    assert nothing == f"{len(table)} claims: {len(claims.PAPER) - 2} without a test and 2 without an answer."
