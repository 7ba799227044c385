"""The whole way from weights, movie and recording to scores, against runs of the published code on the same inputs."""

import json

import golden_networks
import numpy as np
import pytest
from golden_inputs import GOLDEN, run
from numpy.testing import assert_allclose

from lorafb import trials
from lorafb.experiments.best import best_layers
from lorafb.experiments.score import score
from lorafb.experiments.table import Labels
from lorafb.similarity import metrics

FAST = ("lorafb_snet18_", "sew_resnet18_original", "sew_resnet18_scenes", "sew_resnet18_regression")
SLOW = ("_clip40", "_shuffle3_", "_shuffle57_", "_224_")  # more of the same
SLOW += ("_shuffle10_best", "_replace_")  # tests/workflow/test_workflow_goldens.py holds these runs, and is quick
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


def scores_of(subject, drawn, metric=TSRSA, best=None):
    """Scores of trials, all layers or the best."""
    layers = None if best is None else [one for one in subject.layers if one in {layer.name for layer in best.values()}]
    chosen = None if best is None else {metric.name: best}
    return score(subject.present(drawn, layers), subject.areas, [metric], LABELS, chosen)


def original(subject, metric=TSRSA):
    n_frames = subject.areas[0].n_frames
    return scores_of(subject, [trials.scenes(n_frames) if subject.scenes else trials.original(n_frames)], metric)


def best_of(subject):
    """Best layers on the original movie, which must be those that the published run took."""
    best = best_layers(original(subject))
    assert [best[area].name for area in subject.golden["areas"]] == subject.golden["layer_of_area"]
    return best


@pytest.mark.parametrize("name", runs(kinds=["original", "scenes"]))
def test_original_movie_and_natural_scenes(name):
    subject = subject_of(name)
    scores = original(subject)
    assert scores["layer"].drop_duplicates().tolist() == subject.golden["layers"]
    check(scores, subject.golden, "layer_index")


@pytest.mark.parametrize("name", runs(kinds=["original"]))
def test_original_movie_with_published_ties(name):
    subject = subject_of(name)
    scores = original(subject, metrics.load("tsrsa", ties="ordinal"))
    values = scores.pivot(index="layer_index", columns="area", values="value")[subject.golden["areas"]]
    # the published correlations are of floats, which miss ties that integers have, and the sort breaks ties as it will
    assert_allclose(values, subject.golden["scores_float64"], rtol=0, atol=2e-4)


@pytest.mark.parametrize("name", runs(kinds=["clip"]))
def test_clips(name):
    subject = subject_of(name)
    starts, length = subject.golden["draws"]["clip_start"], int(option(subject.golden, "--clip-len"))
    drawn = trials.clips(subject.areas[0].n_frames, length, len(starts), "published")
    assert [trial.scored[0] - 1 for trial in drawn] == starts
    check(scores_of(subject, drawn), subject.golden, "trial", "layer_index")


@pytest.mark.parametrize("name", runs(kinds=["front"]))
def test_the_front_of_the_movie(name):
    subject = subject_of(name)
    length = int(option(subject.golden, "--front-len"))
    drawn = [trials.front(subject.areas[0].n_frames, length)]
    check(scores_of(subject, drawn), subject.golden, "layer_index")


@pytest.mark.parametrize("name", runs(kinds=["shuffle"]))
def test_shuffled_frames(name):
    subject = subject_of(name)
    orders, window = subject.golden["draws"]["shuffle_index"], int(option(subject.golden, "--window"))
    drawn = trials.shuffles(subject.areas[0].n_frames, window, len(orders), subject.feed.kind, "published")
    assert [trial.order.tolist() for trial in drawn] == orders
    best = best_of(subject) if "--best-layer" in subject.golden["command"] else None
    check(scores_of(subject, drawn, best=best), subject.golden, "trial", *([] if best else ["layer_index"]))


@pytest.mark.parametrize("name", runs(kinds=["replace"]))
def test_replaced_frames(name):
    subject = subject_of(name)
    golden, n_frames = subject.golden, subject.areas[0].n_frames
    window, noise, replaced = (
        int(option(golden, "--window")),
        option(golden, "--replace-type"),
        golden["draws"]["replace_index"],
    )
    drawn = trials.replacements(n_frames, window, len(replaced), [noise], "published")
    assert [sorted(set(trial.order[trial.order >= n_frames] - n_frames)) for trial in drawn] == [
        sorted(set(one)) for one in replaced
    ]
    check(scores_of(subject, drawn, best=best_of(subject)), golden, "trial")


@pytest.mark.parametrize("name", runs(metric="Regression", kinds=["original"]))
def test_regression(name):
    subject = subject_of(name)
    scores = original(subject, metrics.load("regression"))
    values = scores.pivot(index="layer_index", columns="area", values="value")[subject.golden["areas"]]
    assert_allclose(values, subject.golden["scores"], rtol=0, atol=1e-5)
