"""A config is right, or says in a few lines what is wrong with it."""

import re
from pathlib import Path

import pytest
import yaml

from lorafb.config import docs as config_docs
from lorafb.config import reading as config
from lorafb.config.experiments import Experiments
from lorafb.config.model import Added
from lorafb.files import InputError
from lorafb.plan.figures import Display
from lorafb.plan.jobs import Plan
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
        ("areas", ["VISp", "VISx"], "areas: simulated mice have no area 'VISx'; did you mean"),
        ("areas", ["VISp", "VISp"], "areas: VISp is given more than once"),
        ("areas", "VISp", "areas: 'VISp': should be a valid list"),
        ("areas", ["V 1"], "areas: 'V 1' must consist of letters, digits and _"),
        ("areas", {"VISp": "V1"}, "areas: 'V1': should be a valid list"),
        ("areas", {}, "areas: '{}': table of keys should have at least 1 item after validation, not 0"),
        (
            "movies.movie1.recording",
            {"kind": "nwb", "sessions": ["dandi:12"], "presentations": "trials"},
            "movies.movie1.recording.sessions: 'dandi:12' names no asset; expected dandi: and its id",
        ),
        (
            "movies.movie1.recording",
            {"kind": "nwb", "sessions": ["https://example.org/a.nwb"], "presentations": "trials", "rows": "showings"}
            | {"columns": {"frame": "image"}},
            "movies.movie1.recording.columns: rows that are showings have neither `frame` nor `repeat`",
        ),
        (
            "movies.movie1.recording",
            {
                "kind": "nwb",
                "sessions": ["https://example.org/a.nwb"],
                "presentations": "trials",
                "columns": {"frme": "image"},
            },
            "movies.movie1.recording.columns.frme: unknown key; did you mean 'frame'?",
        ),
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
            "subjects: lorafb and lorafb_initial are both named 'LoRaFB-SNet' in figures; give each a `label` of its own",
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
        ("study", 2024, 'study: 2024 is no text but a number; as text it needs quotes: "2024"'),
        ("subjects.lorafb.label", True, 'label: true is no text but true or false; as text it needs quotes: "true"'),
        ("seed", "5", 'seed: "5" is text, expected a number; write it without quotes'),
        ("networks", {"m": {"spiking": "yes"}}, "networks.m.spiking: 'yes' is text; write true or false"),
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


def test_a_check_of_the_config_reads_two_columns_of_a_table_of_counts_and_a_job_none(tmp_path, monkeypatch):
    from lorafb.cortex import own_tables

    text = "area,unit,repeat,frame,count\n" + "".join(f"VISp,{u},1,{f},not read\n" for u in "ab" for f in range(4))
    (tmp_path / "counts.csv").write_text(text)
    recording = {"kind": "counts", "file": str(tmp_path / "counts.csv"), "rate_hz": 30}
    values = changed("movies.movie1.recording", recording) | {"areas": ["VISp"]}
    with pytest.raises(InputError) as error:
        config.study(values, FOLDERS)
    assert "the recording has 4 bins, the stimulus" in str(error.value)
    assert list(own_tables.read(tmp_path / "counts.csv", ("area", "frame")).rows) == ["area", "frame"]
    monkeypatch.delattr(own_tables, "read")
    config.study(values, FOLDERS, inside=False)


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


def test_a_config_without_movies_changes_the_default_study_key_by_key():
    over = {"subjects": {"mine": 1}, "experiments": {"clip": {"trials": 3}}, "seed": 5}
    merged = config.overlay(DEFAULT, over)
    assert merged["movies"] == DEFAULT["movies"]
    assert merged["subjects"] == {"mine": 1}  # those of a study come together
    assert merged["experiments"]["clip"] == DEFAULT["experiments"]["clip"] | {"trials": 3}
    assert merged["experiments"]["front"] == DEFAULT["experiments"]["front"]
    assert merged["seed"] == 5


@pytest.mark.parametrize("table", ["movies", "scenes"])
def test_a_config_with_movies_or_scenes_starts_clean(table):
    over = {table: {"mine": 1}, "experiments": {"clip": {"trials": 3}}}
    assert config.overlay(DEFAULT, over) == over


OWN = {
    "movies": {"mine": {"stimulus": {"kind": "camera", "frames": 9}, "recording": {"kind": "simulated"}}},
    "subjects": {
        "one": {"network": "cornet_tiny", "training": "motion", "checkpoint": {"kind": "initial"}, "size": 64}
    },
}


def test_a_clean_study_has_the_defaults_of_the_keys_and_nothing_of_the_embedded_study():
    study = config.read(ROOT / "config.yaml", OWN, FOLDERS)
    assert study.experiments == Experiments()  # no sweep
    assert study.experiments.clip.lengths == study.experiments.front.lengths == study.experiments.shuffle.windows == []
    assert (study.study, study.features.keep) == ("own", "none")
    assert (list(study.movies), list(study.subjects), study.scenes) == (["mine"], ["one"], {})
    display = Display(Plan(study, ROOT, FOLDERS))
    assert (set(display.figures), set(display.tables)) == ({"networks", "layers"}, {"comparisons"})


def test_what_is_added_stands_beside_what_the_default_study_has():
    second = {**DEFAULT["subjects"]["sew"], "label": "SEW again", "checkpoint": {"kind": "trained", "seed": 7}}
    second.pop("role")
    study = config.read(ROOT / "config.yaml", {"add": {"subjects": {"sew_7": second}}}, FOLDERS)
    assert list(study.subjects) == [*DEFAULT["subjects"], "sew_7"]
    assert study.subjects["sew_7"].checkpoint.seed == 7
    assert study.experiments.clip.lengths == DEFAULT["experiments"]["clip"]["lengths"]
    assert study.add == Added()  # a resolved study has it in its place


@pytest.mark.parametrize(
    ("add", "message"),
    [
        ({"subjects": {"sew": DEFAULT["subjects"]["sew"]}}, "add.subjects.sew: the study has one of this name"),
        ({"subject": {}}, "add.subject: unknown key; did you mean 'subjects'?; allowed are movies, scenes"),
        ({"subjects": {"new": {"netwrk": "cornet"}}}, "add.subjects.new.netwrk: unknown key; did you mean 'network'?"),
        (
            {"subjects": {"new": {**DEFAULT["subjects"]["sew"], "role": None}}},
            "subjects: sew and new are both named 'SEW-ResNet' in figures; give each a `label` of its own",
        ),
    ],
)
def test_an_addition_that_cannot_be_is_told_by_its_key(add, message):
    with pytest.raises(InputError, match=re.escape(message)):
        config.read(ROOT / "config.yaml", {"add": add}, FOLDERS)


def test_what_the_command_line_gave_becomes_what_its_keys_take():
    typed = {
        "study": 2024,
        "experiments": {"ceiling": {"splits": "7"}},
        "recipes": {"motion": {"learning_rate": "1e-3"}},
    }
    typed |= {"add": {"subjects": {"new": {**DEFAULT["subjects"]["sew"], "label": "18", "role": "null", "size": "32"}}}}
    study = config.read(ROOT / "config.yaml", folders=FOLDERS, typed=typed)
    assert (study.study, study.experiments.ceiling.splits, study.recipes.motion.learning_rate) == ("2024", 7, 0.001)
    new = study.subjects["new"]
    assert (new.label, new.role, new.size) == ("18", None, 32)


def test_several_files_are_laid_over_each_other_key_by_key(tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("movies: {mine: {stimulus: {kind: camera, frames: 40}}}\nsubjects: {one: 1}\n")
    second.write_text("movies: {mine: {stimulus: {frames: 50}}}\nsubjects: {two: 2}\n")
    assert config.merged([first, second]) == {
        "movies": {"mine": {"stimulus": {"kind": "camera", "frames": 50}}},
        "subjects": {"one": 1, "two": 2},
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(
            ("1e-3", 0.001),
            ("1.0e-3", 0.001),
            (".5E3", 500.0),
            ("0o17", 15),
            ("017", 17),
            ("0x1F", 31),
            ("-.inf", -float("inf")),
        ),
        *((text, text) for text in ("yes", "no", "on", "off", "y", "1:30", "2024-05-01", "1_000", "0b11")),
        *(('"2024"', "2024"), ("'1e-3'", "1e-3"), ("true", True), ("~", None), ("", None)),
    ],
)
def test_values_are_read_as_version_1_2_of_yaml_has_them(tmp_path, text, value):
    (tmp_path / "config.yaml").write_text(f"key: {text}\n")
    read = config.load(tmp_path / "config.yaml")["key"]
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "lines", "key"),
    [
        ("subjects: {a: 1}\nseed: 3\n\nsubjects: {b: 1}\n", "lines 1 and 4", "subjects"),
        ("movies:\n  m:\n    stimulus: {kind: video,\n      'kind': array}\n", "lines 3 and 4", "kind"),
        ("areas: [{a: 1}, {b: 1, b: 2}]\n", "line 1", "b"),
        ("experiments:\n  2: {}\n  '2': {}\n", "lines 2 and 3", "2"),
    ],
)
def test_a_key_that_stands_twice_is_told_with_its_lines(tmp_path, text, lines, key):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError, match=rf"mine\.yaml: {lines}: the key '{key}' is given twice in one table"):
        config.load(tmp_path / "mine.yaml")


def test_a_merged_key_may_be_set_again_and_names_of_digits_are_names(tmp_path):
    (tmp_path / "mine.yaml").write_text("one: &one {a: 1, b: 2}\n18: {<<: *one, b: 3}\nno: {<<: [*one, {c: 4}]}\n")
    both = {"one": {"a": 1, "b": 2}, "18": {"a": 1, "b": 3}, "no": {"a": 1, "b": 2, "c": 4}}
    assert config.load(tmp_path / "mine.yaml") == both


def test_the_labels_of_a_resolved_config_stay_text(tmp_path):
    labels = ["1e-3", "0o17", "yes", "1:30", "2024", "", "~", "<<", "é {x} # y"]
    for label in labels:
        study = config.study(changed("subjects.sew.label", label), FOLDERS)
        config.write(study, tmp_path / "config.yaml")
        assert config.read(tmp_path / "config.yaml", folders=FOLDERS).subjects["sew"].label == label


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


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("movies:\n\tm: {}\n", "; indent by spaces, not tabs"),
        ("file: *.csv\n", "; text with * @ % ` ! { needs quotes"),
        ("file: @x.csv\n", "; text with * @ % ` ! { needs quotes"),
        ("a: {file: {x}.csv}\n", "; text with * @ % ` ! { needs quotes"),
        ("areas: [VISp\nmovies: {}\n", "but got ':', line 2, column 7: movies: {} ^"),
    ],
)
def test_what_is_no_yaml_is_told_with_what_to_do(tmp_path, text, hint):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        config.load(tmp_path / "x.yaml")
    assert str(error.value).startswith(f"{tmp_path}/x.yaml: cannot be read as YAML: ")
    assert str(error.value).endswith(hint)


def test_a_config_in_another_encoding_is_told(tmp_path):
    (tmp_path / "x.yaml").write_bytes("study: zw\u00f6lf".encode("latin-1"))
    with pytest.raises(InputError, match=r"x\.yaml: is no text in UTF-8; save it as UTF-8"):
        config.load(tmp_path / "x.yaml")
