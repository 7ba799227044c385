"""Every published command line, word for word, gives the published numbers: in the table and in the published layout."""

import json
import shutil

import numpy as np
import published_files
import pytest
import recipe
from numpy.testing import assert_allclose, assert_array_equal
from published_files import GOLDEN, arguments, lorafb, make, option, run

from lorafb.artefacts import tables
from lorafb.commands import inputs, similarity
from lorafb.experiments.table import COLUMNS, typed
from lorafb.features import passes
from lorafb.networks import checkpoint

FAST = (
    "ceiling_units",
    "ceiling_units_clip20",
    "lorafb_snet18_imagenet_replace_gaussian5_best",
    "lorafb_snet18_original",
    "sew_resnet18_clip20",
    "sew_resnet18_front30",
    "sew_resnet18_replace_gaussian5_best",
    "sew_resnet18_scenes",
    "sew_resnet18_shuffle10_best",
)
EXACT = ("lorafb_snet", "sew_resnet")
ORDER = list(recipe.AREAS)


def runs():
    names = sorted(path.stem for path in (GOLDEN / "tsrsa").glob("*.json"))
    return [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in names]


def tolerance(golden):
    if "network" not in golden:
        return 5e-4 if "--clip-len" in golden["command"] else 2e-5  # published ties, on single clips
    if option(arguments(golden), "--metric") == "Regression":
        return 1e-5
    return 1e-9 if golden["network"].startswith(EXACT) else 1e-5


def experiment(golden):
    words = arguments(golden)
    if words[0] == "ceiling":
        return "ceiling"
    for word, name in (("--shuffle", "shuffle"), ("--replace", "replace"), ("--clip-len", "clip")):
        if word in words:
            return name
    if "--front-len" in words:
        return "front"
    return "scenes" if "scenes" in option(words, "--neural-dataset") else "original"


@pytest.mark.parametrize("name", runs())
def test_a_published_command_line_gives_its_published_scores(name, tmp_path, capsys):
    golden = run(name)
    expected = np.array(golden.get("scores_float64_average_ranks", golden["scores"]), np.float64)
    make(tmp_path, golden)

    assert lorafb(tmp_path, [*arguments(golden), "--legacy-output"]) == 0
    assert capsys.readouterr().err == ""

    scores = typed(tables.read(tmp_path / "results" / "scores.csv"))
    assert tuple(scores.columns) == COLUMNS
    of_run = scores[scores["experiment"] == experiment(golden)]
    if "network" in golden:
        assert set(of_run["network"]) == {golden["network"]}
    best = "--best-layer" in golden["command"]
    axes = [axis for axis in ("trial", "layer_index") if of_run[axis].notna().all() and not (best and axis != "trial")]
    if experiment(golden) == "ceiling":
        axes = ["trial"]
    values = of_run.pivot(index=axes, columns="area", values="value")[ORDER].to_numpy()
    assert_allclose(values.reshape(expected.shape), expected, rtol=0, atol=tolerance(golden))

    published = np.load(tmp_path / golden["result_file"])
    assert published.dtype == np.float64
    assert_array_equal(published.ravel(), values.ravel())
    assert list(published.shape) == golden["result_shape"]


@pytest.mark.parametrize("dataset", [published_files.MOVIE, "allen_natural_movie_three", published_files.SCENES])
def test_the_published_filters_keep_units_on_their_bound(dataset, tmp_path):
    published_files.write_recordings(tmp_path, dataset, 57)
    areas, _ = inputs.areas(tmp_path / "neural_dataset", dataset)
    assert [area.area for area in areas] == ORDER
    for area in areas:
        assert area.n_frames == 57
        if inputs.is_scenes(dataset):
            _, reliability = recipe.neural_scenes(area.area, 57)
            assert area.n_units == (reliability >= 0.8).sum()
        else:  # unit 0 is one spike under the bound, unit 1 on it, unit 2 silent
            counts = recipe.neural(dataset, area.area, 57)[:, 0]
            assert_array_equal(area.summed, np.delete(counts, [0, 2], axis=1))


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory):
    """A folder in which a small network's best layers were scored on shuffled frames once."""
    folder = tmp_path_factory.mktemp("shuffled")
    published_files.write_recordings(folder, published_files.MOVIE, 57)
    published_files.write_stimuli(folder, published_files.MOVIE, 57, 64)
    write_small(folder / "net.pth")
    words = [*small("sew_resnet_tiny"), "--checkpoint-path", "net.pth", "--output-dir", "results"]
    words += ["--shuffle", "--window", "10", "--best-layer", "--trial-for-ablation", "3"]
    assert lorafb(folder, words) == 0
    return folder, words


def small(network, training="ucf101"):
    words = ["similarity", "--model", network, "--train-dataset", training]
    return [*words, "--neural-dataset", published_files.MOVIE]


def write_small(path, network="sew_resnet_tiny", classes=101, seed=1):
    checkpoint.to_published(checkpoint.initial(network, classes, seed), path)


def shown_movies(monkeypatch):
    """Frames of each pass over a movie in its own order."""
    shown = []
    show = passes.show

    def counted(model, layers, source, orders, *args, **how):
        if len(orders) == 1:
            shown.append(len(orders[0]))
        return show(model, layers, source, orders, *args, **how)

    monkeypatch.setattr(passes, "show", counted)
    return shown


def test_original_scores_stand_beside_those_of_best_layers_and_are_used_again(shuffled, monkeypatch):
    folder, words = shuffled
    before = tables.read(folder / "results" / "scores.csv")
    assert before["experiment"].drop_duplicates().tolist() == ["original", "shuffle"]

    shown = shown_movies(monkeypatch)
    assert lorafb(folder, words) == 0
    assert shown == []
    assert tables.read(folder / "results" / "scores.csv").equals(before)


def test_original_scores_of_other_weights_are_not_used_again(shuffled, monkeypatch):
    folder, words = shuffled
    shutil.copytree(folder / "results", folder / "other")
    write_small(folder / "other.pth", seed=2)
    shown = shown_movies(monkeypatch)
    assert lorafb(folder, [*words, "--checkpoint-path", "other.pth", "--output-dir", "other"]) == 0
    assert shown == [57]
    assert not tables.read(folder / "other" / "scores.csv").equals(tables.read(folder / "results" / "scores.csv"))


def test_a_table_that_was_changed_by_hand_is_not_used(shuffled, monkeypatch):
    folder, words = shuffled
    shutil.copytree(folder / "results", folder / "changed")
    (folder / "changed" / "scores.csv").write_text("experiment\n")
    shown = shown_movies(monkeypatch)
    assert lorafb(folder, [*words, "--output-dir", "changed"]) == 0
    assert shown == [57]


def test_trials_that_do_not_fit_the_memory_give_the_same_scores(shuffled, monkeypatch):
    folder, words = shuffled
    assert lorafb(folder, [*words, "--output-dir", "enough"]) == 0
    monkeypatch.setattr(similarity, "MEMORY", 1000)
    assert lorafb(folder, [*words, "--output-dir", "little"]) == 0
    enough, little = (tables.read(folder / name / "scores.csv") for name in ("enough", "little"))
    assert enough.equals(little)
    assert not list(folder.glob(".lorafb.*"))


@pytest.mark.parametrize("part", [["--clip-len", "20", "--trial-for-clip", "3"], ["--front-len", "30"]])
def test_best_layers_of_clips_and_fronts_are_rows_of_all_layers(part, shuffled):
    folder, words = shuffled
    words = [*words[: words.index("--shuffle")], *part]
    every, chosen = f"all{part[0]}", f"best{part[0]}"
    assert lorafb(folder, [*words, "--output-dir", every]) == 0
    assert lorafb(folder, [*words, "--output-dir", chosen, "--best-layer", "--legacy-output"]) == 0
    everything, best = (tables.read(folder / name / "scores.csv") for name in (every, chosen))
    original = best[(best["experiment"] == "original") & best["best"]]
    pairs = set(zip(original["area"], original["layer"], strict=True))
    kept = everything[[pair in pairs for pair in zip(everything["area"], everything["layer"], strict=True)]]
    ablated = best[best["experiment"] != "original"]
    assert_array_equal(ablated[["layer_index", "value"]], kept[["layer_index", "value"]])
    assert len(list((folder / chosen).rglob("best_layer/stimulus_*/*.npy"))) == 1


def test_the_label_names_the_network_in_table_and_files(shuffled):
    folder, words = shuffled
    words = [*words, "--model-name", "mine", "--output-dir", "labelled", "--legacy-output"]
    assert lorafb(folder, words) == 0
    assert set(tables.read(folder / "labelled" / "scores.csv")["network"]) == {"mine"}
    assert (folder / "labelled/TSRSA/allen_natural_movie_one/ucf101/stimulus_shuffle/best_layer/mine_10.npy").is_file()


def test_independent_draws_show_other_orders(shuffled):
    folder, words = shuffled
    assert lorafb(folder, [*words, "--draws", "independent", "--output-dir", "own"]) == 0
    own, published = (tables.read(folder / name / "scores.csv") for name in ("own", "results"))
    assert not own["chaos"].equals(published["chaos"])
    assert not own["value"].equals(published["value"])


def test_original_scores_with_other_ties_are_not_used_again(shuffled, monkeypatch):
    folder, words = shuffled
    shutil.copytree(folder / "results", folder / "ties")
    shown = shown_movies(monkeypatch)
    assert lorafb(folder, [*words, "--ties", "ordinal", "--output-dir", "ties"]) == 0
    assert shown == [57]


def test_ordinal_ties_and_independent_draws_give_other_ceilings(tmp_path):
    golden = run("ceiling_units")
    make(tmp_path, golden)
    own = (["--ties", "average"], ["--ties", "ordinal"], ["--draws", "independent"])
    for number, words in enumerate(own):
        assert lorafb(tmp_path, [*arguments(golden), *words, "--output-dir", str(number)]) == 0
    values = [tables.read(tmp_path / str(number) / "scores.csv")["value"] for number in range(len(own))]
    assert 0 < abs(values[0] - values[1]).max() < 1e-3
    assert abs(values[0] - values[2]).max() > 1e-2


def test_scores_know_their_inputs_by_content(shuffled):
    folder, _ = shuffled
    told = json.loads((folder / "results" / "scores.csv.json").read_text())
    assert {"checkpoint", "stimulus", "visp_1.npy", "visam_1.npy"} <= set(told["inputs"])
    assert told["parameters"]["experiment"] == "shuffle"
    assert str(folder) not in json.dumps({key: told[key] for key in ("inputs", "parameters")})


def test_a_front_that_ends_inside_a_clip_is_shown_as_such(tmp_path):
    """The published program shows the front alone, so a network that sees clips sees a shorter last one."""
    counts = np.random.default_rng(0).integers(30, 60, (6, 24, 1, 12))  # every unit passes the filter in 17 frames too
    published_files.write_checkpoint(tmp_path / "net.pth", "resnet_1p_ar")
    for folder, frames in ((tmp_path / "long", 24), (tmp_path / "short", 17)):
        stimulus = folder / "stimulus" / f"stimulus_{published_files.MOVIE}_224.pt"
        published_files.save(recipe.movie(24, 64)[:frames], stimulus)
        (folder / "neural_dataset" / published_files.MOVIE).mkdir(parents=True)
        for area, of_area in zip(ORDER, counts, strict=True):
            np.save(folder / "neural_dataset" / published_files.MOVIE / f"{area}_1.npy", of_area[:frames])
    words = [*small("resnet_1p_ar"), "--checkpoint-path", "../net.pth"]
    assert lorafb(tmp_path / "long", [*words, "--front-len", "17"]) == 0
    assert lorafb(tmp_path / "short", words) == 0
    front, whole = (tables.read(tmp_path / name / "results" / "scores.csv") for name in ("long", "short"))
    assert front["layer"].tolist() == whole["layer"].tolist()
    assert_allclose(front["value"], whole["value"], rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def same(tmp_path_factory):
    """A folder of a small network, trained on either set, whose noise movie is the movie itself."""
    folder = tmp_path_factory.mktemp("same")
    published_files.write_recordings(folder, published_files.MOVIE, 57)
    published_files.write_stimuli(folder, published_files.MOVIE, 57, 64)
    stimulus = folder / "stimulus" / f"stimulus_{published_files.MOVIE}_224.pt"
    shutil.copy(stimulus, stimulus.with_stem(f"{stimulus.stem}_black"))
    for training, classes in (("ucf101", 101), ("imagenet", 1000)):
        write_small(folder / f"{training}.pth", "lorafb_snet_tiny", classes)
    return folder


@pytest.mark.parametrize(
    "part", [["--shuffle", "--window", "1"], ["--replace", "--window", "5", "--replace-type", "black"]]
)
@pytest.mark.parametrize("best", [[], ["--best-layer"]])
@pytest.mark.parametrize("metric", ["TSRSA", "Regression"])
@pytest.mark.parametrize("training", ["ucf101", "imagenet"])
def test_what_changes_no_frame_changes_no_score(training, metric, best, part, same):
    words = [*small("lorafb_snet_tiny", training), "--metric", metric, "--checkpoint-path", f"{training}.pth"]
    original, changed = f"original_{training}_{metric}", f"{part[0][2:]}_{training}_{metric}{len(best)}"
    if not (same / original).exists():
        assert lorafb(same, [*words, "--output-dir", original]) == 0
    assert lorafb(same, [*words, *part, *best, "--trial-for-ablation", "2", "--output-dir", changed]) == 0

    expected = tables.read(same / original / "scores.csv").set_index(["area", "layer"])["value"]
    assert expected.notna().mean() > 0.5
    scores = tables.read(same / changed / "scores.csv").query("trial.notna()")
    assert len(scores) == 2 * (6 if best else len(expected))
    values = scores.set_index(["area", "layer"])["value"]
    assert_allclose(values, expected.loc[values.index], rtol=0, atol=1e-6)
