"""`import lorafb`: the numbers of the workflow from two arrays, mistakes in the user's words, and nothing heavy loaded."""

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import lorafb
from lorafb import code, front
from lorafb.artefacts import recordings, tables
from lorafb.artefacts.provenance import Provenance
from lorafb.artefacts.recordings import Recording
from lorafb.experiments.areas import select_units
from lorafb.experiments.ceiling import score_ceilings
from lorafb.experiments.replicates import Movie
from lorafb.experiments.statistics import summarise
from lorafb.experiments.table import Labels, Score, tidy
from lorafb.features.extract import extract
from lorafb.features.gram import products
from lorafb.features.held import HeldFeatures
from lorafb.features.prepare import Frames
from lorafb.networks import catalogue, checkpoint
from lorafb.networks.build import create
from lorafb.similarity.pearson import pearson
from lorafb.similarity.tsrsa import compare, prepare

T, RATE_HZ = 80, 10.0
RANDOM = np.random.default_rng(0)
DRIVE = RANDOM.gamma(2, 1, (T, 6))
COUNTS = RANDOM.poisson(DRIVE @ RANDOM.gamma(1, 1, (6, 50)))
LAYERS = {
    "spikes": RANDOM.poisson(DRIVE @ RANDOM.gamma(1, 1, (6, 40)) / 3),
    "currents": (DRIVE @ RANDOM.normal(size=(6, 30))).astype(np.float32),
}
SESSIONS = np.arange(50) % 9


def of_workflow(responses):
    """Gram of a layer as a pass makes it."""
    kind = torch.uint8 if responses.dtype.kind == "i" else torch.float32
    return products([torch.from_numpy(responses).to(kind)])


def score_of_workflow(responses, counts, ties="average"):
    """Score by the functions that a study uses, first frame left out."""
    from lorafb.experiments.rsm import correlations

    frames = np.arange(1, T)
    model = correlations(of_workflow(responses), frames)
    return compare(prepare(model, ties), prepare(pearson(counts[frames]), ties))


def test_importing_lorafb_loads_nothing_and_scoring_loads_no_torch():
    check = (
        "import sys, lorafb; assert not {'numpy', 'torch', 'pandas'} & set(sys.modules), 'import'; lorafb.__version__;"
        "lorafb.tsrsa([[0, 1], [1, 0], [2, 3]], [[0, 1], [1, 0], [2, 3]], skip_frames=0); lorafb.list_networks();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_all_names_are_listed_documented_and_typed():
    assert set(lorafb.__all__) <= set(dir(lorafb))
    for name in lorafb.__all__:
        function = getattr(lorafb, name)
        assert "Examples" in function.__doc__
        assert all(
            one.annotation is not inspect.Parameter.empty for one in inspect.signature(function).parameters.values()
        )
        assert len(str(inspect.signature(function))) < 340
    assert lorafb.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'tsrs'"):
        lorafb.tsrs  # noqa: B018


def test_no_rule_depends_on_the_front_door():
    for script in (code.PACKAGE.parent / "workflow_scripts").glob("*.py"):
        assert not {"lorafb", "lorafb.front"} & code.closure(script), script.name


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("ties", ["average", "ordinal"])
def test_tsrsa_of_two_arrays_is_the_score_of_the_workflow(name, ties):
    tolerance = 0 if name == "spikes" else 1e-12
    expected = score_of_workflow(LAYERS[name], COUNTS, ties)
    assert lorafb.tsrsa(LAYERS[name], COUNTS, ties=ties) == pytest.approx(expected, abs=tolerance)


def test_whole_numbers_in_float_arrays_and_means_over_steps_are_scored_exactly():
    expected = score_of_workflow(LAYERS["spikes"], COUNTS)
    for features in (
        LAYERS["spikes"].astype(np.float32),
        LAYERS["spikes"] / 4,
        torch.from_numpy(LAYERS["spikes"]).float().requires_grad_(),
        LAYERS["spikes"].reshape(T, 5, 4, 2),
        LAYERS["spikes"].tolist(),
    ):
        assert lorafb.tsrsa(features, COUNTS.astype(float)) == expected
    assert lorafb.tsrsa(LAYERS["spikes"], COUNTS / 10) == pytest.approx(
        expected, abs=1e-4
    )  # 1 / 10 is no binary fraction


@pytest.mark.filterwarnings("error")
def test_any_kind_of_numbers_is_taken():
    expected = lorafb.tsrsa(COUNTS, COUNTS[:, :20])
    for features in (COUNTS.astype(np.float16), COUNTS.astype(np.uint8), COUNTS * 1e30):
        assert lorafb.tsrsa(features, COUNTS[:, :20]) == pytest.approx(expected, abs=1e-4)
    assert lorafb.tsrsa(COUNTS % 2 == 1, COUNTS) == lorafb.tsrsa(COUNTS % 2, COUNTS)
    assert np.isnan(lorafb.tsrsa(np.where(COUNTS > 3, np.inf, COUNTS), COUNTS))


def test_skipped_frames_are_not_scored():
    changed = COUNTS.copy()
    changed[0] = 0
    assert lorafb.tsrsa(changed, COUNTS) == lorafb.tsrsa(COUNTS, COUNTS) == pytest.approx(1)
    assert np.isnan(lorafb.tsrsa(changed, COUNTS, skip_frames=0))


def test_an_rsm_is_the_correlation_of_frames():
    np.testing.assert_array_equal(lorafb.rsm(torch.from_numpy(COUNTS)), pearson(COUNTS))
    np.testing.assert_allclose(lorafb.rsm(COUNTS.reshape(T, 10, 5) * 0.3), np.corrcoef(COUNTS), atol=1e-12)


def test_compare_gives_the_statistics_of_the_workflow():
    units = {"unit_id": np.arange(50), "session": SESSIONS}
    area = select_units(Recording("VISp", "movie", RATE_HZ, 1, None, COUNTS, units), {"min_rate": 0, "skip_frames": 1})
    movie = Movie([area], seed=2023)
    scores = movie.score({name: of_workflow(responses) for name, responses in LAYERS.items()})
    ceilings = score_ceilings([area], 4, seed=1)
    expected = summarise({"net": scores}, {"net": list(LAYERS)}, movie, ceilings).iloc[0]

    compared = lorafb.compare(LAYERS, COUNTS, rate_hz=RATE_HZ, sessions=SESSIONS)
    assert compared.layer == expected["layer"]
    for value, column in (
        (compared.score, "value"),
        (compared.over_units[0], "ci_low"),
        (compared.over_units[1], "ci_high"),
        (compared.over_time[0], "e2_low"),
        (compared.over_time[1], "e2_high"),
        (compared.score_without_time, "score_lag"),
        (compared.p, "p_lag"),
        (compared.checks["later"], "p_lag_later"),
        (compared.checks["detrended"], "p_lag_detrended"),
        (compared.checks["frames"], "p_lag_frames"),
    ):
        assert value == pytest.approx(expected[column], abs=1e-12)
    assert compared.supported == expected["supported"]
    assert (compared.n_frames, compared.n_units, compared.notes) == (T - 1, 50, ())


def test_a_comparison_prints_as_one_line():
    compared = lorafb.compare(LAYERS, COUNTS, rate_hz=RATE_HZ, sessions=SESSIONS)
    line = str(compared)
    assert "\n" not in line
    assert line.startswith(f"TSRSA of {compared.layer} {compared.score:.3f} (95 % over units ")
    assert "without the effect of time" in line
    assert line.endswith("79 frames, 50 units")
    assert str(lorafb.compare(LAYERS["spikes"], COUNTS, rate_hz=RATE_HZ)).startswith("TSRSA 0.")


@pytest.mark.filterwarnings("error")
def test_a_comparison_says_why_a_part_is_empty():
    silent = COUNTS.copy()
    silent[7] = 0
    lonely = COUNTS.copy()
    lonely[7, 1:] = 0
    lonely[7, 0] = 5
    slow = np.cumsum(RANDOM.normal(size=(T, 40)), axis=0).round().astype(int)
    for features, counts, note in (
        (COUNTS, silent, "no score: all units of counts respond alike to 1 of 79 frames (first: 7)"),
        ({"stem": silent}, COUNTS, "no score: all units of layer stem respond alike to 1 of 79 frames (first: 7)"),
        (np.where(COUNTS > 3, np.nan, COUNTS), COUNTS, "no score: features has values that are not finite"),
        (COUNTS, lonely, "no interval over units: without some of its units all others respond alike to a frame"),
        (COUNTS, slow, "interval over time too narrow: blocks are shorter than three correlation times of "),
    ):
        compared = lorafb.compare(features, counts, rate_hz=RATE_HZ)
        assert note in str(compared)
        assert any(one.startswith(note) for one in compared.notes)
    one_layer_is_enough = lorafb.compare({"bad": silent, "good": COUNTS}, COUNTS, rate_hz=RATE_HZ)
    assert one_layer_is_enough.layer == "good"
    assert one_layer_is_enough.score == pytest.approx(1)


def test_wrong_arrays_are_named_in_the_users_words():
    for call, message in (
        (
            lambda: lorafb.tsrsa(COUNTS[:-1], COUNTS),
            "features has 79 frames, counts 80: both must show the same frames",
        ),
        (lambda: lorafb.compare({"a": COUNTS[1:]}, COUNTS), r"features\['a'\] has 79 frames, counts 80"),
        (
            lambda: lorafb.tsrsa(COUNTS[:, 0], COUNTS),
            r"features is int64 \(80,\): expected numbers of shape \(frames, ",
        ),
        (lambda: lorafb.tsrsa(COUNTS, COUNTS[:, :0]), r"counts is int64 \(80, 0\): expected numbers"),
        (lambda: lorafb.rsm([["a", "b"]]), r"responses is <U1 \(1, 2\): expected numbers"),
        (lambda: lorafb.tsrsa(COUNTS[:3], COUNTS[:3]), "skip_frames is 1 of 3 frames: at least 3 frames must be left"),
        (lambda: lorafb.tsrsa(COUNTS, COUNTS, skip_frames=-1), "skip_frames is -1 of 80 frames"),
        (lambda: lorafb.tsrsa(COUNTS, COUNTS, ties="none"), "ties 'none': expected 'average' or 'ordinal'"),
        (lambda: lorafb.compare(COUNTS, COUNTS, sessions=[1, 2]), r"sessions has shape \(2,\), counts 50 units"),
        (lambda: lorafb.compare({}, COUNTS), "features has no layers"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_a_network_has_initial_weights_of_a_seed_or_those_of_a_file(tmp_path):
    one = lorafb.create("sew_resnet_tiny", classes=8, seed=3)
    stored = checkpoint.initial("sew_resnet_tiny", 8, 3)
    checkpoint.write(tmp_path / "net.pth", stored)
    two = lorafb.create("sew_resnet_tiny", weights=tmp_path / "net.pth")
    for key, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[key])
    assert not one.training
    for arguments, message in (
        ({"name": "sew_resnet_tini"}, "did you mean 'sew_resnet_tiny'"),
        ({"name": "sew_resnet_tiny", "weights": tmp_path / "net.pth", "seed": 1}, "initial weights have a seed"),
        ({"name": "sew_resnet_tiny", "weights": tmp_path / "net.pth", "classes": 9}, "has 8 classes, not 9"),
        ({"name": "lorafb_snet_tiny", "weights": tmp_path / "net.pth"}, "net.pth"),
    ):
        with pytest.raises(ValueError, match=message):
            lorafb.create(**arguments)


def test_extracted_features_are_those_of_the_workflow():
    movie = RANDOM.integers(0, 256, (6, 16, 16, 3), np.uint8)
    model = lorafb.create("lorafb_snet_tiny", seed=2)
    record = catalogue.network("lorafb_snet_tiny")
    held, source, feed = HeldFeatures(6), Frames(movie, 16, "half"), record.feed(record.trainings[0])
    extract(model, record.scored, source, np.arange(6)[None], feed, held)
    features = lorafb.extract(model, movie)
    assert tuple(features) == record.scored
    prepared = lorafb.extract(model, source(np.arange(6)), images_at_once=2)
    for layer, responses in features.items():
        assert responses.dtype == np.float32
        np.testing.assert_array_equal(responses, held.take(layer).responses(0))
        np.testing.assert_array_equal(responses, prepared[layer])
    assert set(lorafb.extract("lorafb_snet_tiny", movie, ["sn1"], size=8)) == {"sn1"}


def test_how_a_network_sees_a_movie_can_be_chosen():
    movie = RANDOM.integers(0, 256, (6, 16, 16, 3), np.uint8)
    model, copy = lorafb.create("lorafb_cnet_tiny", seed=2), create("lorafb_cnet_tiny")
    copy.load_state_dict(model.state_dict())
    last = catalogue.network("lorafb_cnet_tiny").scored[-1]
    stateful, still, steps, own = (
        lorafb.extract(module, movie, [last], feed=feed)[last]
        for module, feed in ((model, None), (model, "still"), (model, {"kind": "still", "steps": 2}), (copy, None))
    )
    np.testing.assert_allclose(stateful[0], still[0], rtol=1e-4)
    assert not np.allclose(stateful[1:], still[1:])
    assert not np.allclose(steps, still)
    np.testing.assert_array_equal(own, stateful)


def test_mistakes_in_an_extraction_are_named():
    movie = np.zeros((3, 16, 16, 3), np.uint8)
    model = lorafb.create("lorafb_snet_tiny", seed=2)
    for call, message in (
        (lambda: lorafb.extract(torch.nn.Identity(), movie), "layers: name the layers of Identity that you want"),
        (lambda: lorafb.extract(model, movie[:, :, :8]), "movie has frames of 16 x 8 pixels: give size"),
        (
            lambda: lorafb.extract(model, movie, size=12),
            "size 12 does not fit lorafb_snet_tiny, which takes multiples of 8",
        ),
        (lambda: lorafb.extract(model, movie.astype(float)), r"movie: holds torch.float64 \(3, 16, 16, 3\), expected"),
        (lambda: lorafb.extract(model, movie[0, 0]), "movie frames are uint8 .*expected uint8"),
        (lambda: lorafb.extract(model, movie, ["sn2"]), "has no layer 'sn2'; did you mean 'sn1'"),
        (lambda: lorafb.extract(model, movie, feed="stil"), "kind 'stil' is none of stateful, still, clip; did you"),
        (lambda: lorafb.extract(model, movie, device="tpu"), "device tpu: expected cpu, cuda"),
        (lambda: lorafb.extract(model, np.zeros((3, 3, 16, 16), np.float32), size=8), "size is for uint8 movies"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_a_network_of_a_library_is_built_by_its_name_and_gives_what_its_layer_gave():
    movie = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 3, 48, 48)).astype(np.float32))
    features = lorafb.extract(lorafb.create("torchvision:squeezenet1_1", seed=3), movie)
    again = lorafb.create("torchvision:squeezenet1_1", seed=3)
    given = {}
    again.features[3].register_forward_hook(lambda module, shown, output: given.update(layer=output.clone()))
    with torch.inference_mode():
        again(movie[:, None])
    np.testing.assert_allclose(features["features.3"], given["layer"].flatten(1).numpy(), rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="torchvision has none of that name; did you mean 'squeezenet1_1'"):
        lorafb.create("torchvision:squeezenet1_2")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A folder with the results of a study: one recording, and one table of scores."""
    counts = np.random.default_rng(1).poisson(3, (60, 20))
    units = {"unit_id": np.arange(20), "session": np.zeros(20, int)}
    recording = Recording("VISp", "movie1", 30.0, 10, None, counts, units)
    recordings.write(recording, tmp_path / "results/recordings/movie1/VISp.h5", Provenance())
    scores = tidy([Score("visp", "top", 0, 0.25, True)], Labels("net", "none", "movie1"), "original", "tsrsa")
    tables.write(scores, tmp_path / "results/scores/net/movie1/base.csv", Provenance())
    monkeypatch.chdir(tmp_path)
    return Path("results")


def test_scores_of_a_study_are_one_table_with_subjects(study):
    more = tidy([Score("visl", "top", 0, 0.5, True)], Labels("other", "none", "movie1"), "shuffle", "tsrsa", window=3)
    tables.write(more, study / "scores/other/movie1/shuffle.csv", Provenance())
    (study / "scores/other/movie1/._shuffle.csv").write_bytes(b"\0\5\x16\7")  # a Mac's companion is no table
    scores = lorafb.load(study)
    assert scores["subject"].tolist() == ["net", "other"]
    assert scores["value"].tolist() == [0.25, 0.5]
    assert scores["window"].isna().tolist() == [True, False]
    with pytest.raises(ValueError, match="nowhere: has no scores/SUBJECT/MOVIE"):
        lorafb.load("nowhere")
    (study / "scores/other/movie1/shuffle.csv").write_text("damaged")
    with pytest.raises(ValueError, match="bytes have changed"):
        lorafb.load(study)


@pytest.mark.usefixtures("study")
def test_every_example_in_the_front_door_runs():
    result = doctest.testmod(front, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted >= 20
    assert result.failed == 0
