"""Replicates of a network: seeds in the config become subjects, and figures show their mean, each seed and the spread."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance
from lorafb.config import reading
from lorafb.experiments.table import Labels, Score, joined, tidy
from lorafb.figures import claims, comparison, figure_data, networks
from lorafb.files import InputError
from lorafb.plan.figures import Display
from lorafb.plan.jobs import Plan

ROOT = Path(__file__).parents[2]
NANO = ROOT / "tests" / "workflow" / "nano.yaml"
ONE = {"network": "lorafb_snet_tiny", "training": "motion", "checkpoint": {"kind": "trained", "seed": 9}, "size": 64}
ONE |= {"role": "lorafb_snet", "label": "LoRaFB-SNet", "experiments": ["shuffle"]}
FILE = {"kind": "file", "file": "config.yaml"}
VALUES = {"spiking_3": (0.5, 0.6), "spiking_1": (0.3, 0.4), "plain": (0.2, 0.3)}
"""Scores of two areas, by subject."""


def study_of(**subjects):
    nano = yaml.safe_load(NANO.read_text())
    plain = nano["subjects"]["plain"]
    return reading.read(ROOT / "config.yaml", nano | {"subjects": {**subjects, "plain": plain}}, (ROOT,))


def test_each_seed_is_a_subject_of_its_own_in_the_order_of_the_list():
    study = study_of(spiking=ONE | {"seeds": [3, 1]})
    assert list(study.subjects) == ["spiking_3", "spiking_1", "plain"]
    assert [study.subjects[f"spiking_{seed}"].checkpoint.seed for seed in (3, 1)] == [3, 1]
    assert study.replicates == {"spiking": ["spiking_3", "spiking_1"], "plain": ["plain"]}
    assert study.subjects["spiking_1"].replicate_of == "spiking"


def test_a_study_with_replicates_reads_back_as_it_was_written(tmp_path):
    study = study_of(spiking=ONE | {"seeds": [3, 1]})
    reading.write(study, tmp_path / "config.yaml")
    assert reading.read(tmp_path / "config.yaml", folders=(ROOT,)) == study


@pytest.mark.parametrize(
    ("subjects", "told"),
    [
        ({"a": ONE | {"seeds": [1, 2, 1]}}, r"subjects.a.seeds: 1 is given more than once"),
        ({"a": ONE | {"checkpoint": FILE, "seeds": [1]}}, r"subjects.a.seeds: weights from a file have no seed"),
        ({"a": ONE | {"seeds": [1], "replicate_of": "b"}}, r"subjects.a.seeds: it is one replicate of b already"),
        ({"a": ONE | {"seeds": [1]}, "a_1": ONE}, r"subjects.a.seeds: 1 would make a second subject a_1"),
        ({"a": ONE | {"seeds": [-1]}}, r"subjects.a.seeds.0: '-1'"),
        ({"a": ONE | {"replicate_of": "b"}, "b": ONE}, r"subjects.a.replicate_of: b is a subject itself"),
        (
            {"a": ONE | {"replicate_of": "c"}, "b": ONE | {"replicate_of": "c", "size": 32}},
            r"subjects.b.size: 32, but 64",
        ),
        ({"a": ONE | {"seeds": [1, 2]}, "b": ONE | {"label": "other"}}, r"role lorafb_snet is assigned to more"),
    ],
)
def test_seeds_that_cannot_be_are_named(subjects, told):
    with pytest.raises(InputError, match=told):
        study_of(**subjects)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The plan of a study with replicates, and the tables of its scores, as its rules would write them."""
    monkeypatch.chdir(tmp_path)
    plan = Plan(study_of(spiking=ONE | {"seeds": [3, 1]}), ROOT, (ROOT,))
    for subject, values in VALUES.items():
        network, training = plan.labels(subject).values()
        labels = Labels(network, training, "short")
        layer = "one" if subject == "spiking_3" else "other"
        rows = [Score(area, layer, 0, value, best=True) for area, value in zip(("visp", "visl"), values, strict=True)]
        original = tidy(rows, labels, "original", "tsrsa")
        clips = joined(
            tidy(
                [row._replace(value=row.value - trial / 10) for row in rows],
                labels,
                "clip",
                "tsrsa",
                length=8,
                trial=trial,
            )
            for trial in (0, 1)
        )
        table = joined([original, clips]).assign(**plan.replicate(subject))
        tables.write(table, Path("results/scores", subject, "short/base.csv"), Provenance())
    compared = plan.subjects_of("short")
    assert compared == ["spiking_3", "plain"]  # statistics: of replicates the first alone
    scores = pd.DataFrame({"subject": compared, "area": "mean", "value": [0.55, 0.25], "n_groups": 4})
    scores = scores.assign(
        short_blocks=False, ci_low=scores["value"] - 0.01, ci_high=scores["value"] + 0.01, sessions_as_groups=False
    )
    tables.write(scores, Path("results/statistics/short.csv"), Provenance())
    pair = {"movie": "short", "subject_a": "spiking_3", "subject_b": "plain", "difference": 0.3}
    pair |= {"ci_low": 0.28, "ci_high": 0.32, "ci_p": 0.01, "e2_low": 0.2, "e2_high": 0.4, "e2_p": 0.01}
    tables.write(pd.DataFrame([pair]), Path("results/statistics/short_pairs.csv"), Provenance())
    halves = [("short", area, "units", trial, 0.8, np.nan) for area in ("visp", "visl") for trial in (0, 1)]
    columns = ["movie", "area", "layer", "trial", "value", "length"]
    tables.write(pd.DataFrame(halves, columns=columns), Path("results/ceilings/short.csv"), Provenance())
    return SimpleNamespace(plan=plan, display=Display(plan))


def data_of(written, name):
    files = written.display.inputs(name) | {"paper": ROOT / "lorafb/figures/paper.csv"}
    there = {key: [one for one in found if Path(one).exists()] for key, found in files.items() if key != "paper"}
    return figure_data.read(there | {"paper": files["paper"]}, written.display.data(name))


def test_the_tables_of_replicates_tell_whose_they_are(written):
    table = tables.read("results/scores/spiking_1/short/base.csv")
    assert set(table["subject"]) == {"spiking"}
    assert set(table["replicate"]) == {"spiking_1"}
    assert "replicate" not in tables.read("results/scores/plain/short/base.csv")


def test_a_score_is_the_mean_over_seeds_with_a_cross_each_and_the_caption_gives_the_spread(written):
    assert written.display.inputs("figure_3a")["base"] == [f"results/scores/{one}/short/base.csv" for one in VALUES]
    figure, shown, caption = networks.networks(data_of(written, "figure_3a"))
    lines = figure.axes[0].lines
    scores = [line.get_xdata()[0] for line in lines if line.get_label() == "score, mean over areas"]
    assert scores == pytest.approx([0.45, 0.25])
    crosses = [line.get_xdata().tolist() for line in lines if line.get_label() == "a seed"]
    assert crosses == [pytest.approx([0.55, 0.35])]
    means = shown[shown["area"] == "mean"].set_index("subject")
    assert means["value"].to_dict() == pytest.approx({"spiking": 0.45, "plain": 0.25})
    assert np.isnan(means.loc["spiking", "ci_low"])  # the interval of the first seed is not of the mean
    assert means.loc["plain", "ci_low"] == pytest.approx(0.24)
    assert set(shown.loc[(shown["subject"] == "spiking") & (shown["area"] == "visp"), "layer"]) == {""}
    assert "LoRaFB-SNet, short (simulated mouse): mean over 2 seeds, 0.450 (sd 0.141, 0.350 to 0.550)." in caption
    assert "tests compare the first seed of each network" in caption
    assert "+80.0 % (" in caption  # of the means


def test_clips_are_averaged_over_seeds_clip_by_clip(written):
    data = data_of(written, "figure_3c")
    clips = data.means_of("clip").set_index(["subject", "trial"])["value"]
    assert clips["spiking"].tolist() == pytest.approx([0.45, 0.35])
    assert clips["plain"].tolist() == pytest.approx([0.25, 0.15])


def test_tables_have_one_row_for_a_replicated_network(written):
    table, caption = comparison.table_1(data_of(written, "table_1"))
    assert table.set_index("network").loc["LoRaFB-SNet", "ours"] == pytest.approx(0.45)
    assert "mean over 2 seeds" in caption
    made, _ = claims.claims(data_of(written, "claims"))
    claim = made.set_index("claim").loc["LoRaFB-SNet scores above cornet_tiny (initial weights)"].iloc[0]
    assert (claim["difference"], claim["ci_p_holm"]) == (0.3, 0.01)


def test_a_study_without_replicates_says_nothing_of_seeds():
    study = study_of(spiking=ONE)
    display = Display(Plan(study, ROOT, (ROOT,)))
    data = figure_data.FigureData(**display.data("figure_3a"))
    assert data.replicated() == []
    assert display.plan.replicate("spiking") == {}


def test_matrices_and_reports_name_each_set_of_weights(written):
    assert written.display.matrices()["Frame against frame: LoRaFB-SNet, spiking_3, short"] == "frames/spiking_3/short"
    assert [written.display.replicate_label(one) for one in written.plan.trained] == [
        "LoRaFB-SNet, spiking_3",
        "LoRaFB-SNet, spiking_1",
    ]
