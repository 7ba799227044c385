"""A study of a person's own: dF/F from a table, and spikes counted from tables, through the whole workflow."""

from pathlib import Path

import dry_run
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

ROOT = Path(__file__).parent.parent.parent
FRAMES, REPEATS, UNITS = 48, 3, 22
STUDY = """
study: own
areas: [VISp, VISl]
metrics: [tsrsa, regression, cka]
movies:
  dff:
    stimulus: {kind: camera, frames: 48, size: 64}
    recording: {kind: counts, file: dff.tsv, rate_hz: 30, values: real, count: dff}
    paper: Movie1
  spikes:
    stimulus: {kind: camera, frames: 48, size: 64}
    recording: {kind: spikes, spikes: {file: spikes.csv, time_unit: ms}, frames: {file: frames.csv}, latency: 0.02, bin: 0.05}
subjects:
  plain:
    network: lorafb_snet_tiny
    training: motion
    checkpoint: {kind: initial, seed: 1, norms: dff}
    size: 64
    role: lorafb_snet
experiments:
  clip: {lengths: [8], trials: 2}
  front: {lengths: [16]}
  ceiling: {splits: 4}
features: {keep: all}
"""

pytestmark = pytest.mark.slow


def recorded():
    """dF/F [repeats, T, units] by area, spike trains by unit, and onsets of every frame."""
    random = np.random.default_rng(1)
    drive = np.cumsum(random.normal(size=(FRAMES, 5)), axis=0)
    dff = {
        area: drive @ random.normal(size=(5, UNITS)) / 9 + random.normal(size=(REPEATS, FRAMES, UNITS)) / 3
        for area in ("VISp", "VISl")
    }
    onsets = np.concatenate([1 + 3 * repeat + np.arange(FRAMES) / 30 for repeat in range(REPEATS)])
    trains = {f"{area}{n}": np.sort(random.uniform(0, 10, 400)) for area in ("VISp", "VISl") for n in range(25)}
    return dff, trains, onsets


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own study")
    (folder / "study.yaml").write_text(STUDY)
    dff, trains, onsets = recorded()
    tables = []
    for area, values in dff.items():
        repeat, frame, unit = (axis.ravel() for axis in np.indices(values.shape))
        rows = {
            "area": area,
            "unit": [f"roi{n}" for n in unit],
            "repeat": repeat,
            "frame": frame,
            "dff": values.ravel(),
        }
        tables.append(pd.DataFrame(rows))
    pd.concat(tables).to_csv(folder / "dff.tsv", sep="\t", decimal=",", index=False)
    rows = [(unit[:4], unit, time * 1000) for unit, train in trains.items() for time in train]
    pd.DataFrame(rows, columns=["area", "unit", "time"]).to_csv(folder / "spikes.csv", sep=";", index=False)
    pd.DataFrame({"onset": onsets, "frame": np.tile(np.arange(FRAMES), REPEATS)}).to_csv(
        folder / "frames.csv", index=False
    )
    study = ["--cores", "2", "-s", str(ROOT / "Snakefile"), "--configfile", "study.yaml"]
    status, said = dry_run.python(folder, "snakemake", *study)
    assert status == 0, said
    return folder / "results"


def test_the_score_of_dff_is_that_of_plain_numpy(results):
    scores = pd.read_csv(results / "scores/plain/dff/base.csv")
    scores = scores[(scores["experiment"] == "original") & (scores["metric"] == "tsrsa")]
    pairs = np.triu_indices(FRAMES - 1, 1)
    dff, _, _ = recorded()
    with h5py.File(results / "features/plain/dff.h5") as file:
        for row in scores.itertuples():
            layer = file[row.layer]["features"][1:].astype(float)
            area = next(values for name, values in dff.items() if name.lower() == row.area).sum(axis=0)[1:]
            r = spearmanr(np.corrcoef(layer)[pairs], np.corrcoef(area)[pairs])[0]
            assert row.value == pytest.approx(r, abs=1e-6)
    assert len(scores) == 10


def test_dff_has_intervals_ceilings_and_labels_without_spikes(results):
    table = pd.read_csv(results / "statistics/dff.csv").query("subject == 'plain'")
    assert (table["ci_low"] < table["value"]).all()
    assert (table["value"] < table["ci_high"]).all()
    assert (table["reach"] > table["value"]).all()
    assert pd.read_csv(results / "units/dff.csv")["kept"].tolist() == [UNITS, UNITS]
    figure, caption = ((results / f"figures/figure_6.{ending}").read_text() for ending in ("svg", "txt"))
    assert "spikes/s" not in figure
    assert "mean response" in figure
    assert caption.startswith("Mean responses of one unit")
    assert "real values (such as dF/F or rates), and no spikes" in caption


def test_spikes_are_counted_from_their_windows(results):
    _, trains, onsets = recorded()
    with h5py.File(results / "recordings/spikes/VISl.h5") as file:
        units, counts = file["units/unit_id"].asstr()[:], file["counts"][:]
    for place, unit in enumerate(units):
        start = np.round(onsets + 0.02, 12)
        wanted = [((trains[unit] >= at) & (trains[unit] < at + 0.05)).sum() for at in start]
        assert counts[:, :, place].ravel().tolist() == wanted
    rates = pd.read_csv(results / "units/spikes.csv").set_index("area")["mean_rate"]
    assert rates["visl"] == pytest.approx(counts.sum() / (REPEATS * FRAMES * 0.05 * 25))
