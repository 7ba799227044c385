"""A config is right, or says in a few lines what is wrong with it."""

import re
from pathlib import Path

import pytest
import yaml

from lorafb.config import docs as config_docs
from lorafb.config import reading as config
from lorafb.files import InputError
from lorafb.training.settings import Motion

ROOT = Path(__file__).parent.parent
FOLDERS = (ROOT,)
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


def changed(path, value):
    """The default config with one key set, by its dotted path."""
    copy = yaml.safe_load((ROOT / "config.yaml").read_text())
    here = copy
    *parents, last = path.split(".")
    for step in parents:
        here = here.setdefault(step, {})
    here[last] = value
    return copy


@pytest.mark.parametrize("file", ["config.yaml", "config/real.yaml", "config/paper.yaml"])
def test_the_configs_that_ship_are_right(file):
    over = yaml.safe_load((ROOT / file).read_text())
    assert config.read(ROOT / "config.yaml", over, FOLDERS).movies


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("studi", "x", "studi: unknown key; did you mean 'study'?; allowed are study, seed, areas"),
        ("movies.movie1.stimulus.framez", 9, "movies.movie1.stimulus.framez: unknown key; did you mean 'frames'?"),
        ("experiments.clip.length", [3], "experiments.clip.length: unknown key; did you mean 'lengths'?"),
        ("movies.movie1.stimulus.frames", "many", "movies.movie1.stimulus.frames: 'many': should be a valid integer"),
        (
            "movies.movie1.stimulus.frames",
            2,
            "movies.movie1.stimulus.frames: '2': should be greater than or equal to 3",
        ),
        (
            "movies.movie1.stimulus.kind",
            "camra",
            "movies.movie1.stimulus.kind: 'camra' is none of camera, video, array, images, tensor; did you mean 'camera'?",
        ),
        (
            "movies.movie1.stimulus",
            {"frames": 9},
            "movies.movie1.stimulus.kind: needs a kind, one of camera, video, array, images, tensor",
        ),
        ("movies.movie1", {}, "movies.movie1: has neither stimulus nor recording"),
        (
            "movies.movie1.recording.sessions",
            0,
            "movies.movie1.recording.sessions: '0': should be greater than or equal to 1",
        ),
        ("areas", ["VISp", "VISx"], "areas.1: 'VISx' is none of VISp, VISl, VISrl, VISal, VISpm, VISam; did you mean"),
        ("areas", ["VISp", "VISp"], "areas: VISp is given more than once"),
        (
            "subjects.lorafb.network",
            "lorafb_snet_tinny",
            "subjects.lorafb.network: unknown network 'lorafb_snet_tinny'; did you mean 'lorafb_snet_tiny'?",
        ),
        (
            "subjects.lorafb.layers",
            ["sn2"],
            "subjects.lorafb.layers: 'sn2' is no scored layer of lorafb_snet_tiny; did you mean 'sn1'?",
        ),
        ("subjects.lorafb.training", "ucf10", "subjects.lorafb.training: 'ucf10' is none of"),
        ("subjects.lorafb.size", 65, "subjects.lorafb.size: "),
        (
            "subjects.lorafb.checkpoint",
            {"kind": "file", "file": "no.pth"},
            "subjects.lorafb.checkpoint.file: no file no.pth",
        ),
        (
            "subjects.lorafb",
            {"network": "cornet", "checkpoint": {"kind": "initial"}},
            "subjects.lorafb.training: is missing (training set",
        ),
        (
            "experiments.clip.lengths",
            [1200],
            "experiments.clip.lengths: 1200 fits no movie; 3 to 479 are allowed",
        ),
        (
            "experiments.clip.trials",
            300,
            "experiments.clip.trials: 300 different clips of 30 frames do not fit movie1; 270",
        ),
        ("experiments.front.lengths", [3], "experiments.front.lengths: 3 fits no movie; 4 to 480 are allowed"),
        (
            "experiments.shuffle.windows",
            [301],
            "experiments.shuffle.windows: 301 does not fit movie1 (300 frames); 1 to 300 are allowed",
        ),
        (
            "experiments.replace.kinds",
            ["gausian"],
            "'gausian' is none of gaussian, uniform, black, static; did you mean",
        ),
        (
            "experiments.replace.kinds",
            ["black", "black"],
            "experiments.replace.kinds: black is given more than once",
        ),
        ("subjects.sew.role", "lorafb_snet", "subjects: role lorafb_snet is assigned to more than one subject"),
        (
            "subjects.sew.sees",
            ["movie3"],
            "subjects.sew.sees: 'movie3' is none of movie1, movie2, scenes; did you mean",
        ),
        ("movies.movie2.paper", "Movie1", "movies: more than one movie has `paper: Movie1`"),
        ("movies.movie1.controls", ["controll"], "simulated mice have no area 'controll'; did you mean 'control'?"),
        ("subjects.lag_only", DEFAULT["subjects"]["sew"], "lag_only: tables use this name themselves"),
        ("subjects.sew.training", "motion_blah", "subjects.sew.training: 'motion_blah' is none of"),
        (
            "movies.movie1.recording",
            {"kind": "arrays", "files": {"VISp": "nope.npy"}},
            "movies.movie1.recording.files.VISp: no file nope.npy",
        ),
        ("movies.movie1.controls", ["VISp"], "movies.movie1.controls: visp is given more than once"),
        ("scenes", {"movie1": {"stimulus": {"kind": "scenes"}}}, "scenes.movie1: a movie has this name"),
        (
            "recipes.motion.frames",
            13,
            "recipes.motion.frames: 13 of a video's 12 frames; at most that many are allowed",
        ),
        (
            "networks",
            {"mine": {"build": "no_such_module:make", "layers": ["a"], "feed": {"kind": "still"}}},
            "networks.mine.build: no module no_such_module (no no_such_module.py in ",
        ),
        (
            "networks",
            {"cornet": {"build": "json:loads", "layers": ["a"], "feed": {"kind": "still"}}},
            "networks.cornet: network 'cornet': the catalogue has one of that name",
        ),
        *(
            ("networks", {"mine": {"build": "json:loads", "layers": ["a"], "feed": feed}}, f"networks.mine.feed.{told}")
            for feed, told in (
                ({"kind": "clips"}, "kind: 'clips' is none of stateful, still, clip; did you mean 'clip'?"),
                ({"steps": 1}, "kind: is missing"),
                ({"kind": "still", "step": 4}, "step: unknown key; did you mean 'steps'?"),
                ({"kind": "still", "steps": 0}, "steps: '0': should be greater than or equal to 1"),
            )
        ),
        ("movies.movie1.skip_frames", 299, "movies.movie1.skip_frames: 299 leaves fewer than 3 of 300 frames"),
        ("movies.my-movie", {}, "movies.my-movie: 'my-movie' must consist of letters, digits and _"),
        ("features.keep", ["sn99"], "features.keep: 'sn99' is a scored layer of no subject; did you mean 'sn1'?"),
        ("recipes.motion.warmup_epochs", 9, "recipes.motion.warmup_epochs: 9 of 5 epochs; fewer are allowed"),
        (
            "subjects.lorafb_initial.label",
            "LoRaFB-SNet",
            "LoRaFB-SNet is given more than once",
        ),
        (
            "subjects.lorafb_initial.checkpoint.norms",
            "movie_1",
            "'movie_1' is no movie with a stimulus; did you mean 'movie1'?",
        ),
        (
            "movies.movie1.stimulus.rate_hz",
            float("inf"),
            "movies.movie1.stimulus.rate_hz: 'inf': should be a finite number",
        ),
        ("metric", "tsrsa", "metric: is no longer a key; write `metrics`, a list: `metrics: [tsrsa]`"),
        ("experiments.regression", True, "experiments.regression: is no longer a key; write `metrics` at the top"),
        ("metrics", ["tsrsaa"], "metrics: metric 'tsrsaa' is none of tsrsa, tsrsa-spearman"),
        ("metrics", ["no_such:METRIC"], "metrics: no module no_such (no no_such.py in "),
        ("metrics", ["json:loadz"], "metrics: 'json:loadz' cannot be imported"),
        ("metrics", ["tsrsa", "tsrsa"], "metrics: tsrsa is given more than once"),
        ("metrics", [], "metrics: '[]': list should have at least 1 item"),
        (
            "metrics",
            ["regression"],
            "metrics: regression need whole movies; add one for clips, scenes and areas: tsrsa,",
        ),
        ("experiments.clip.metrics", ["regression"], "experiments.clip.metrics: 'regression' is none of tsrsa"),
        ("experiments.shuffle.metrics", ["cka"], "experiments.shuffle.metrics: 'cka' is none of tsrsa, regression"),
        ("experiments.front.metrics", ["tsrsa", "tsrsa"], "experiments.front.metrics: tsrsa is given more than once"),
        ("seed", True, "seed: 'True': should be a valid integer"),
        ("movies", [], "movies: '[]': should be a valid table of keys"),
    ],
)
def test_a_mistake_is_told_by_key_value_and_what_is_allowed(path, value, message):
    with pytest.raises(InputError) as error:
        config.study(changed(path, value), FOLDERS)
    told = str(error.value)
    assert message in told
    assert len(told.splitlines()) <= 6
    assert "pydantic" not in told


def test_a_table_of_counts_without_an_area_is_told_with_the_areas_it_holds(tmp_path):
    np = pytest.importorskip("numpy")
    np.savez(
        tmp_path / "mouse.npz",
        areas=np.array(["VISp"]),
        VISp=np.zeros((2, 3, 4), np.uint8),
        VISp_unit_id=np.arange(2),
        session_id=1,
        bin_s=1.0,
    )
    values = changed("movies.movie1.recording", {"kind": "counts", "file": str(tmp_path / "mouse.npz")})
    with pytest.raises(InputError, match=re.escape("areas: VISl has no data in movies.movie1.recording")):
        config.study(values, FOLDERS)


@pytest.mark.parametrize(
    ("frames", "rate_hz", "told"),
    [
        (30, 1, None),
        (31, 1, "the recording has 30 bins, the stimulus 31 frames"),
        (30, 2, "1 bins a second, the stimulus 2 frames"),
    ],
)
def test_a_recording_of_other_bins_than_the_stimulus_has_frames_is_refused(frames, rate_hz, told):
    values = changed(
        "movies.movie1.recording", {"kind": "counts", "file": "data/real/mouse_791319847_natural_movie_one_1s.npz"}
    )
    values["movies"]["movie1"]["stimulus"] |= {"frames": frames, "rate_hz": rate_hz}
    values["movies"] = {"movie1": values["movies"]["movie1"] | {"controls": [], "experiments": []}}
    values["subjects"] = {"lorafb": values["subjects"]["lorafb"]}
    values["experiments"] = {}
    if told is None:
        assert config.study(values, FOLDERS).movies
        return
    with pytest.raises(InputError, match=told):
        config.study(values, FOLDERS)


def test_many_mistakes_are_told_in_few_lines():
    values = DEFAULT | {f"wrong{i}": 1 for i in range(9)}
    with pytest.raises(InputError) as error:
        config.study(values, FOLDERS)
    assert str(error.value).splitlines()[-1] == "config: ... and 4 more"


def test_a_file_laid_over_replaces_movies_and_subjects_whole_and_the_rest_key_by_key():
    over = {"movies": {"mine": 1}, "experiments": {"clip": {"trials": 3}}, "seed": 5}
    merged = config.overlay(DEFAULT, over)
    assert merged["movies"] == {"mine": 1}
    assert merged["experiments"]["clip"] == DEFAULT["experiments"]["clip"] | {"trials": 3}
    assert merged["subjects"] == DEFAULT["subjects"]
    assert "scenes" not in merged  # a study's movies and scenes come together
    assert merged["seed"] == 5


def test_numbers_inside_a_table_of_the_command_line_are_numbers():
    over = {"experiments": {"ceiling": {"splits": "7"}}}
    assert config.read(ROOT / "config.yaml", over, FOLDERS).experiments.ceiling.splits == 7


def test_an_unreadable_file_is_named(tmp_path):
    (tmp_path / "config.yaml").write_text("a: [1")
    with pytest.raises(InputError, match=r"config\.yaml: cannot be read as YAML"):
        config.read(tmp_path / "config.yaml")


def test_the_resolved_config_reads_back_as_the_same_study(tmp_path):
    study = config.study(DEFAULT, FOLDERS)
    config.write(study, tmp_path / "config.yaml")
    assert config.read(tmp_path / "config.yaml", folders=FOLDERS) == study


def test_schema_and_table_of_keys_are_those_of_the_model():
    assert (ROOT / "config" / "schema.json").read_text() == config_docs.schema(), "run: ./run lorafb config --write"
    assert (ROOT / "docs" / "config.md").read_text() == config_docs.table_of_keys(), "run: ./run lorafb config --write"


def test_the_embedded_recipe_is_the_one_that_was_measured():
    assert config.study(DEFAULT, FOLDERS).recipes.motion == Motion()
