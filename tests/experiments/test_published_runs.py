"""The whole way from weights, movie and recording to scores, against runs of the published code on the same inputs."""

import json

import golden_networks
import numpy as np
import pytest
from golden_inputs import GOLDEN, run
from numpy.testing import assert_allclose

from lorafb import trials
from lorafb.experiments.best import best_layers
from lorafb.experiments.clip import score_clips, score_front
from lorafb.experiments.original import score_original
from lorafb.experiments.replace import score_replace, score_replace_still
from lorafb.experiments.scenes import score_scenes
from lorafb.experiments.shuffle import score_shuffle, score_shuffle_still
from lorafb.experiments.table import Labels
from lorafb.similarity import metrics

FAST = ("lorafb_snet18_", "sew_resnet18_original", "sew_resnet18_scenes", "sew_resnet18_regression")
SLOW = ("_clip40", "_shuffle3_", "_shuffle57_", "_black10_", "_static10_", "_uniform5_", "_224_")  # more of the same
LABELS = Labels("net", "training", "movie")
TSRSA = metrics.load("tsrsa")


def runs(*, metric="TSRSA", **wanted):
    """Golden runs of an experiment; those of other networks, and at 224 pixels, are slow."""
    found = []
    for path in sorted((GOLDEN / "tsrsa").glob("*.json")):
        golden = json.loads(path.read_text())
        command = golden["command"]
        if "network" in golden and f"--metric {metric} " in command and kind(golden) in wanted["kinds"]:
            slow = not path.stem.startswith(FAST) or any(part in path.stem for part in SLOW)
            found.append(pytest.param(path.stem, marks=pytest.mark.slow if slow else ()))
    return found


def kind(golden):
    for word, name in (
        ("--clip-len", "clip"),
        ("--front-len", "front"),
        ("--shuffle", "shuffle"),
        ("--replace ", "replace"),
    ):
        if word in golden["command"]:
            return name
    return "scenes" if golden["stimulus"]["dataset"] == "allen_natural_scenes" else "original"


def option(golden, name):
    words = golden["command"].split()
    return words[words.index(name) + 1]


def subject_of(name):
    return golden_networks.Subject(run(name))


def check(scores, golden, *index):
    """Compare values [*index, area] with the published ones, ties averaged on both sides."""
    exact = golden["network"].startswith(golden_networks.SPIKING)
    values = scores.pivot(index=list(index), columns="area", values="value")[golden["areas"]].to_numpy()
    expected = np.array(golden["scores_float64_average_ranks"], np.float64)
    assert_allclose(values.reshape(expected.shape), expected, rtol=0, atol=1e-9 if exact else 1e-5)


def original(subject):
    return score_original(subject.products(), subject.areas, LABELS, TSRSA)


def best_of(subject):
    """Best layers on the original movie, which must be those that the published run took."""
    best = best_layers(original(subject))
    assert [best[area].name for area in subject.golden["areas"]] == subject.golden["layer_of_area"]
    return best


@pytest.mark.parametrize("name", runs(kinds=["original"]))
def test_original_movie(name):
    subject = subject_of(name)
    scores = original(subject)
    assert scores["layer"].drop_duplicates().tolist() == subject.golden["layers"]
    check(scores, subject.golden, "layer_index")


@pytest.mark.parametrize("name", runs(kinds=["original"]))
def test_original_movie_with_published_ties(name):
    subject = subject_of(name)
    scores = score_original(subject.products(), subject.areas, LABELS, metrics.load("tsrsa", ties="ordinal"))
    values = scores.pivot(index="layer_index", columns="area", values="value")[subject.golden["areas"]]
    # the published correlations are of floats, which miss ties that integers have, and the sort breaks ties as it will
    assert_allclose(values, subject.golden["scores_float64"], rtol=0, atol=2e-4)


@pytest.mark.parametrize("name", runs(kinds=["scenes"]))
def test_natural_scenes(name):
    subject = subject_of(name)
    check(score_scenes(subject.products(), subject.areas, LABELS, TSRSA), subject.golden, "layer_index")


@pytest.mark.parametrize("name", runs(kinds=["clip"]))
def test_clips(name):
    subject = subject_of(name)
    drawn, length = subject.golden["draws"]["clip_start"], int(option(subject.golden, "--clip-len"))
    starts = trials.clip_starts(subject.areas[0].n_frames, length, len(drawn), "published")
    scores = score_clips(subject.products(), subject.areas, LABELS, TSRSA, starts, length)
    check(scores, subject.golden, "trial", "layer_index")


@pytest.mark.parametrize("name", runs(kinds=["front"]))
def test_the_front_of_the_movie(name):
    subject = subject_of(name)
    length = int(option(subject.golden, "--front-len"))
    check(score_front(subject.products(), subject.areas, LABELS, TSRSA, length), subject.golden, "layer_index")


@pytest.mark.parametrize("name", runs(kinds=["shuffle"]))
def test_shuffled_frames(name):
    subject = subject_of(name)
    drawn, window = subject.golden["draws"]["shuffle_index"], int(option(subject.golden, "--window"))
    orders = trials.shuffled_orders(subject.areas[0].n_frames, window, len(drawn), "published")
    best = best_of(subject) if "--best-layer" in subject.golden["command"] else None
    if subject.feed.kind == "still":
        scores = score_shuffle_still(subject.products(), subject.areas, LABELS, TSRSA, orders, window, best)
    else:
        wanted = list(subject.layers) if best is None else sorted({layer.name for layer in best.values()})
        shown = subject.trials(orders, wanted)
        scores = score_shuffle(shown, subject.areas, LABELS, TSRSA, orders, window, best, subject.feed.kind)
    check(scores, subject.golden, "trial", *([] if best else ["layer_index"]))


@pytest.mark.parametrize("name", runs(kinds=["replace"]))
def test_replaced_frames(name):
    subject = subject_of(name)
    golden, n_frames = subject.golden, subject.areas[0].n_frames
    window, noise = int(option(golden, "--window")), option(golden, "--replace-type")
    replaced = trials.replaced_frames(n_frames, window, len(golden["draws"]["replace_index"]), "published")
    best = best_of(subject)
    if subject.feed.kind == "still":
        both = subject.products(noise)
        scores = score_replace_still(both, subject.areas, LABELS, TSRSA, replaced, window, noise, best)
    else:
        positions = np.tile(np.arange(n_frames), (len(replaced), 1))
        np.put_along_axis(positions, replaced, replaced + n_frames, axis=1)
        shown = subject.trials(positions, sorted({layer.name for layer in best.values()}), noise)
        scores = score_replace(shown, subject.areas, LABELS, TSRSA, window, noise, best)
    check(scores, golden, "trial")


@pytest.mark.parametrize("name", runs(metric="Regression", kinds=["original"]))
def test_regression(name):
    subject = subject_of(name)
    scores = score_original(subject.features(), subject.areas, LABELS, metrics.load("regression"))
    values = scores.pivot(index="layer_index", columns="area", values="value")[subject.golden["areas"]]
    assert_allclose(values, subject.golden["scores"], rtol=0, atol=1e-5)
