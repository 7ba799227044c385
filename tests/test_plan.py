"""What each rule reads and which params it gets, without Snakemake: known answers on the test study and on the paper's."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
import yaml

from lorafb.config import reading
from lorafb.config.experiments import Perturbation
from lorafb.config.movies import Movie, StillScenes
from lorafb.plan import braces
from lorafb.plan.figures import SOURCES, Display
from lorafb.plan.jobs import Plan, one_of
from lorafb.stimuli import from_config
from lorafb.trials import PERTURBATIONS

ROOT = Path(__file__).parent.parent
NANO = ROOT / "tests/workflow/nano.yaml"
PAPER = ROOT / "config/paper.yaml"
SCRATCH = ROOT / "config/paper-from-scratch.yaml"


NO_SWEEPS = {"clip": {"lengths": []}, "front": {"lengths": []}, "shuffle": {"windows": []}, "replace": {"windows": []}}
ONE = {"spiking": {"network": "lorafb_snet_tiny", "training": "motion", "checkpoint": {"kind": "trained"}, "size": 64}}


def plan_of(file, folders=(ROOT,), **over):
    """Plan of a config in which some keys are replaced whole."""
    values = yaml.safe_load(file.read_text()) | over
    return Plan(reading.read(ROOT / "config.yaml", values, folders), ROOT, folders)


@pytest.fixture(scope="module")
def nano():
    return plan_of(NANO)


@pytest.fixture(scope="module")
def paper():
    return plan_of(PAPER)


def test_frames_are_made_from_the_photographs_or_read_from_the_files_of_the_config(nano, paper):
    assert nano.stimulus_files("short") == ["data/photographs/china.jpg", "data/photographs/flower.jpg"]
    assert nano.stimulus_files("scenes") == nano.photographs
    assert nano.stimulus_files("clip") == ["data/real/clips/test.avi"]
    assert nano.stimulus("clip") == {
        "kind": "video",
        "file": "data/real/clips/test.avi",
        "start": 0,
        "frames": 8,
        "rate_hz": None,
    }
    assert (nano.n_frames("short"), nano.n_frames("mouse"), paper.n_frames("movie2")) == (48, None, 3600)
    assert (nano.order("short"), nano.order("scenes")) == ("movie", "scenes")


def test_a_simulated_session_does_not_depend_on_the_number_of_mice_or_on_unit_filters(nano):
    assert nano.mouse("short") == {"units": 16, "repeats": 6, "seed": 1, "order": "movie"}
    assert nano.session_file("short", "1") == ["results/sessions/short/simulated_1.nwb"]
    assert nano.session_address("short", "1") is None
    assert nano.presentations("short") == "short"
    assert nano.quality("scenes")["isi_violations"] == 0.5
    assert nano.quality("short")["isi_violations"] is None


def test_a_session_is_a_file_or_an_address():
    recording = {"kind": "allen", "sessions": ["https://a.org/1.nwb", "config.yaml"], "repeats": "fewest"}
    over = {"movies": {"short": {"recording": recording}}, "scenes": {}, "subjects": ONE, "experiments": NO_SWEEPS}
    plan = plan_of(NANO, **over)
    assert plan.session_file("short", "0") == []
    assert plan.session_address("short", "0") == "https://a.org/1.nwb"
    assert plan.session_file("short", "1") == ["config.yaml"]
    assert plan.session_address("short", "1") is None
    assert plan.presentations("short") == "natural_movie_one"
    assert plan.recording("short") == {"kind": "allen", "repeats": "fewest"}
    assert plan.recording_files("short", "VISp") == ["results/counts/short/0.h5", "results/counts/short/1.h5"]


def test_the_recording_of_an_area_is_made_from_sessions_a_table_or_published_arrays(nano, paper):
    assert nano.recording_files("short", "VISp") == ["results/counts/short/0.h5", "results/counts/short/1.h5"]
    assert nano.recording_files("mouse", "CA1") == ["data/real/mouse_791319847_natural_movie_one_1s.npz"]
    folder = "data/paper/neural_dataset"
    assert paper.recording_files("movie1", "VISp") == [f"{folder}/allen_natural_movie_one/visp_1.npy"]
    assert paper.recording_files("scenes", "VISp") == [
        f"{folder}/allen_natural_scenes/visp_8.npy",
        f"{folder}/allen_natural_scenes/shr_visp.npy",
    ]
    assert nano.recording("short") == {"kind": "simulated"}
    columns = {name: name for name in ("area", "unit", "repeat", "frame", "count", "session")}
    assert nano.recording("mouse") == {"kind": "counts", "rate_hz": None, "values": "counts", **columns}


def test_areas_come_in_the_studys_order_with_controls_last(nano):
    assert nano.areas("short") == ["VISp", "VISl", "VISam", "control"]
    assert nano.recordings("mouse")[-1] == "results/recordings/mouse/CA1.h5"
    assert nano.all_areas == {"VISp", "VISl", "VISam", "control", "CA1"}
    assert nano.responses("short")[0] == "results/responses/short/VISp.h5"
    assert nano.study.movies["short"].selection == {"min_rate": 0, "skip_frames": 1}
    assert nano.study.scenes["scenes"].selection == {"min_reliability": -1, "skip_frames": 0}


def test_sessions_of_any_laboratory_are_counted_by_the_names_of_the_config():
    asset = "58703c97-c0a9-4736-b684-73c85c1a444a"
    recording = {
        "kind": "nwb",
        "sessions": [f"dandi:{asset}", "https://example.org/a.nwb"],
        "presentations": ["trials", "more"],
        "columns": {"frame": "image"},
        "where": {"shown": "movie", "trial": 3},
        "unobserved": "leave_out_repeats",
    }
    stimulus = {"kind": "video", "file": "data/real/clips/test.avi", "frames": 8}
    movies = {
        "mine": {"stimulus": stimulus, "recording": recording, "controls": ["CA1"], "undefined_frames": "leave_out"},
        "shown": {"stimulus": stimulus},
    }
    areas = {"VISp": ["V1"], "MT": []}
    plan = plan_of(NANO, movies=movies, scenes={}, areas=areas, subjects=ONE, experiments=NO_SWEEPS)
    assert plan.session_file("mine", "0") == plan.session_file("mine", "1") == []
    assert plan.session_address("mine", "0") == f"https://api.dandiarchive.org/api/assets/{asset}/download/"
    assert plan.session_address("mine", "1") == "https://example.org/a.nwb"
    assert plan.presentations("mine") == ["trials", "more"]
    counting = plan.counting("mine")
    assert counting["unobserved"] == "leave_out_repeats"
    assert counting["layout"]["columns"]["frame"] == "image"
    assert counting["layout"]["where"] == {"shown": "movie", "trial": 3}
    assert set(plan.quality("mine").values()) == {None}
    assert plan.places("mine") == {"VISp": ["V1"], "MT": [], "CA1": []}
    assert plan.areas("mine") == ["VISp", "MT", "CA1"]
    assert plan.rate_hz("mine") == pytest.approx(reading_rate(plan, "mine"))
    assert plan.study.movies["mine"].selection["undefined_frames"] == "leave_out"
    assert plan.before_passes("mine") == ["results/units/mine.csv"]
    assert plan.before_passes("shown") == []


def reading_rate(plan, movie):
    """Frame rate of a movie as the job that reads it finds it."""
    return from_config.stimulus(plan.stimulus(movie), [ROOT / file for file in plan.stimulus_files(movie)]).rate_hz


def test_the_rate_of_a_stimulus_is_known_but_of_scenes(nano):
    assert (nano.rate_hz("short"), nano.rate_hz("scenes"), nano.rate_hz("mouse")) == (30.0, None, None)
    assert nano.places("short") == ["VISp", "VISl", "VISam", "control"]
    assert nano.counting("short") == {}


def test_only_simulated_mice_have_true_rates(nano):
    assert nano.truths("short") == ["results/truth/short/simulated_0.h5", "results/truth/short/simulated_1.h5"]
    assert nano.truths("mouse") == []


def test_a_subject_is_its_network_with_one_training_set_and_how_it_is_shown_a_stimulus(nano):
    identity = nano.identity("spiking", "short")
    assert identity["training"] == "motion"
    assert list(identity["network"]["feeds"]) == ["motion"]
    assert identity["feed"] == identity["network"]["feeds"]["motion"]
    assert nano.identity("spiking", "scenes")["feed"]["kind"] == "still"
    assert [nano.sees_frames_alone(one) for one in ("spiking", "plain", "still")] == [False, False, True]
    assert nano.labels("plain") == {"network": "cornet_tiny", "training": "initial"}
    assert nano.labels("still") == {"network": "lorafb_snet_tiny", "training": "motion_still"}


def test_only_clips_have_frames_that_are_seen_together(nano, paper):
    assert nano.chunk("spiking") == 1
    assert paper.chunk("resnet_2p_cpc") == 5


def test_weights_are_trained_drawn_with_norms_of_a_movie_or_read_from_a_file(nano, paper):
    assert nano.trained == ["spiking", "still"]
    assert nano.checkpoint("plain") == {"kind": "initial", "seed": 1, "norms": "clip"}
    assert nano.checkpoint_files("plain") == {"norms": "results/stimuli/clip.h5"}
    assert nano.checkpoint_files("spiking") == {}
    assert paper.checkpoint_files("cornet") == {"file": "data/paper/checkpoints/ucf101/cornet.pth"}


def test_the_module_of_an_own_network_is_an_input_and_is_named_from_the_working_directory(monkeypatch):
    own = ROOT / "examples/own"
    monkeypatch.chdir(own)
    movie = yaml.safe_load((own / "study.yaml").read_text())["movies"]["mine"] | {"recording": None}
    plan = plan_of(own / "study.yaml", (own, ROOT), movies={"mine": movie}, experiments=NO_SWEEPS)
    assert plan.own_module("two_stages") == ["my_network.py"]
    assert plan.own_module("lorafb") == []
    assert plan.photographs[0] == str(ROOT / "data/photographs/china.jpg")
    assert plan.stimulus_files("mine") == [str(ROOT / "data/real/clips/bikes.mp4")]


def test_a_file_outside_the_working_directory_has_its_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = plan_of(NANO, (tmp_path, ROOT))
    assert plan.stimulus_files("clip") == [str(ROOT / "data/real/clips/test.avi")]


def test_files_and_modules_are_found_beside_the_config_then_here_then_in_the_repository(tmp_path, monkeypatch):
    beside, here = tmp_path / "study", tmp_path / "here"
    for folder, files in ((beside, ["a.npy"]), (here, ["a.npy", "b.npy"])):
        folder.mkdir()
        for file in files:
            (folder / file).touch()
    monkeypatch.chdir(here)
    folders = reading.folders(["../study/mine.yaml"])
    assert [folder.resolve() for folder in folders] == [beside, here, ROOT]
    assert reading.folders(["x.yaml"]) == (here, ROOT)
    assert [reading.locate(file, folders).parent.resolve() for file in ("a.npy", "b.npy", "config.yaml")] == [
        beside,
        here,
        ROOT,
    ]
    assert reading.locate("none.npy", folders) == Path("none.npy")  # a file to fetch comes into the working directory
    monkeypatch.setenv("HOME", str(beside))
    assert reading.locate("~/a.npy", folders) == beside / "a.npy"


def test_braces_in_the_name_of_an_input_are_no_wildcards_and_come_back_when_snakemake_has_filled_those_in():
    filled = SimpleNamespace(apply_wildcards=lambda pattern, wildcards: pattern.format(**wildcards))
    braces.let_show(filled)
    path = braces.hide("a {movie}/b}.npy") + "{movie}"
    assert filled.apply_wildcards(path, {"movie": "mine"}) == "a {movie}/b}.npymine"


def test_features_are_an_output_only_where_they_are_kept(nano, paper):
    assert nano.features == {"features": "results/features/{subject}/{movie}.h5"}
    assert nano.kept_layers("spiking") == nano.study.layers("spiking")
    assert paper.kept_layers("cornet") == paper.study.layers("cornet")
    none = plan_of(NANO, features={"keep": "none"})
    assert (none.features, none.kept_layers("plain")) == ({}, [])
    some = plan_of(NANO, features={"keep": ["sn1", "V1"]})
    assert (some.kept_layers("spiking"), some.kept_layers("plain")) == (["sn1"], ["V1"])
    assert "results/features/plain/clip.h5" in nano.passes()
    assert not any(file.startswith("results/features") for file in none.passes())


def test_a_network_that_sees_frames_alone_needs_no_pass_for_a_shuffle_and_one_for_all_replacements(nano):
    folder = "results/perturbed/spiking/short"
    passes = nano.perturbed_passes
    assert passes("spiking", "short", "shuffle") == [f"{folder}/shuffle_4.h5", f"{folder}/shuffle_48.h5"]
    assert passes("spiking", "short", "replace") == [f"{folder}/replace_3.h5"]
    assert passes("still", "short", "shuffle") == ["results/grams/still/short.h5"]
    assert passes("still", "short", "replace") == ["results/perturbed/still/short/with_noise.h5"]


def test_only_replacements_need_noise(nano):
    noises = ["results/noise/short_gaussian.h5", "results/noise/short_static.h5"]
    assert nano.noises("short") == nano.noises("short", "replace") == noises
    assert nano.noises("short", "shuffle") == []
    drawn = {"trials": 2, "draws": "independent", "seed": 2023, "skip_frames": 0}
    assert nano.trials("shuffle") == drawn | {"kinds": []}
    assert nano.trials("replace") == drawn | {"kinds": ["gaussian", "static"]}


def test_an_experiment_has_metrics_of_its_own_or_those_of_the_study_that_need_no_whole_movie(nano):
    partial = ("clip", "front", "shuffle", "replace", "scenes", "areas")
    assert nano.metrics("original") == ["tsrsa", "regression"]
    assert {name: nano.metrics(name) for name in partial} == {name: ["tsrsa"] for name in partial}
    assert not nano.ranked
    experiments = {
        "clip": {"lengths": [8], "trials": 2, "metrics": ["cka"]},
        "shuffle": {"windows": [], "metrics": ["regression"]},
    }
    plan = plan_of(NANO, metrics=["tsrsa-spearman", "cka", "regression"], experiments=NO_SWEEPS | experiments)
    assert plan.ranked
    assert (plan.metrics("clip"), plan.metrics("shuffle")) == (["cka"], ["regression"])
    assert plan.metrics("front") == ["tsrsa-spearman", "cka"]


def test_the_module_of_an_own_metric_is_an_input_and_its_record_is_read_from_beside_the_config(
    nano, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metric_of_mine.py").write_text("def score(model, area):\n    return 0.5\n")
    plan = plan_of(NANO, (tmp_path, ROOT), metrics=["metric_of_mine:score", "tsrsa"])
    assert plan.own_metrics == ["metric_of_mine.py"]
    assert plan.metrics("areas") == ["metric_of_mine:score", "tsrsa"]
    assert plan.metric_code("areas.py", "areas") == nano.metric_code("areas.py", "areas")


def test_a_regression_needs_as_many_scored_frames_as_it_has_components(nano):
    assert nano.is_regressed("short")  # 47 scored frames
    assert not nano.is_regressed("clip")
    short = nano.study.movies["short"].model_dump()
    for skipped, regressed in ((8, True), (9, False)):  # 40 and 39 scored frames
        plan = plan_of(NANO, movies={"short": short | {"skip_frames": skipped}}, scenes={}, subjects=ONE)
        assert plan.is_regressed("short") is regressed


def test_statistics_compare_every_subject_that_is_shown_the_movie(nano):
    assert nano.subjects_of("short") == ["spiking", "plain", "still"]
    assert nano.grams("clip") == ["results/grams/spiking/clip.h5", "results/grams/plain/clip.h5"]
    assert nano.compared() == ["short"]  # no frames of the mouse's movie, no recording of the clip
    assert nano.compared(scenes=True) == ["short", "scenes"]
    assert nano.of_role("cornet", "results/grams/{subject}/short.h5") == "results/grams/plain/short.h5"


def test_scores_are_those_of_the_pairs_that_take_part(nano, paper):
    assert nano.scores("base") == [f"results/scores/{one}/short/base.csv" for one in ("spiking", "plain", "still")]
    assert nano.scores("scenes") == [f"results/scores/{one}/scenes/scenes.csv" for one in ("spiking", "still")]
    assert paper.scores("replace") == [
        f"results/scores/{one}/movie1/replace.csv" for one in ("lorafb_snet18", "lorafb_snet18_imagenet")
    ]
    assert "results/areas/mouse.csv" in nano.all_scores()
    assert "results/areas/scenes.csv" not in nano.all_scores()


def test_assets_are_fetched_only_where_they_are_missing_and_by_hand_where_no_program_can(tmp_path):
    over = {"assets": {"mine.npy": "the drive of my lab", "config.yaml": "registry", "data/paper/x.pth": "a colleague"}}
    plan = plan_of(NANO, **over)
    assert plan.missing_assets == ["mine.npy", "data/paper/x.pth"]
    assert plan.manual_downloads() == [
        "mine.npy: is not there yet. Get it from the drive of my lab",
        "data/paper/x.pth: is not there yet. Get it from a colleague",
    ]
    assert plan_of(PAPER).missing_assets[0] == "data/paper/natural_movie_one.npy"


def test_a_missing_folder_of_a_training_set_is_named_before_the_first_job_and_one_beside_the_config_is_used(tmp_path):
    (tmp_path / "birds").mkdir()
    sets = {
        "ucf101": {"folder": "no/videos"},
        "birds": {"kind": "folder", "folder": "birds", "classes": 2},
    }
    plan = Plan(reading.read(ROOT / "config.yaml", {"training_sets": sets}, (tmp_path, ROOT)), ROOT, (tmp_path, ROOT))
    (line,) = plan.manual_downloads()
    assert line.startswith("training_sets.ucf101.folder: no folder no/videos")
    assert plan.listed("birds")["folder"] == plan.set_params("birds")["folder"] == str(tmp_path / "birds")


def test_every_training_set_has_a_table_of_files_and_frames_are_written_in_parts():
    sets = {"ucf101": {"folder": "videos"}, "imagenet": {"folder": "pictures"}}
    files = plan_of(NANO, training_sets=sets).training_sets()
    assert files[:2] == ["results/training_sets/ucf101.csv", "results/training_sets/ucf101/files.csv"]
    assert files[2:4] == ["results/training_sets/imagenet.csv", "results/training_sets/imagenet/files.csv"]
    assert files[4:] == [f"results/video_frames/ucf101/{part}.csv" for part in range(20)]
    decoded = {"ucf101": {"folder": "videos", "read": "videos"}}
    assert plan_of(NANO, training_sets=decoded).training_sets() == files[:2]


def test_a_pattern_of_names_matches_these_alone():
    assert one_of(["b", "a"]) == "a|b"
    assert one_of([]) == "(?!)"


# ---------------------------------------------------------------- figures and tables

FIGURES = ("3a", "3b", "3c", "3d", "4a", "4b", "4c", "6", "7a", "7b")


def test_a_study_shows_the_figures_and_tables_that_it_has_the_data_for(nano, paper):
    display = Display(nano)
    assert list(display.figures) == ["networks", "layers", *(f"figure_{one}" for one in FIGURES)]
    assert list(display.tables) == ["claims", *(f"table_{number}" for number in range(1, 7))]
    assert len(Display(paper).figures) == 12
    without_roles = Display(plan_of(NANO, subjects=ONE, experiments=NO_SWEEPS))
    assert list(without_roles.figures) == ["networks", "layers"]
    assert list(without_roles.tables) == ["table_3"]


def test_a_figure_is_made_from_the_tables_of_its_movies_and_roles(nano):
    inputs = Display(nano).inputs("figure_3a")
    assert inputs == {
        "base": ["results/scores/spiking/short/base.csv", "results/scores/plain/short/base.csv"],
        "ceilings": ["results/ceilings/short.csv"],
        "statistics": ["results/statistics/short.csv"],
        "pairs": ["results/statistics/short_pairs.csv"],
        "paper": "lorafb/figures/paper.csv",
        "templates": ["lorafb/figures/templates/caption.txt", "lorafb/figures/templates/networks.txt"],
    }
    assert Display(nano).inputs("table_3")["units"] == ["results/units/short.csv"]


def test_a_figure_knows_its_subjects_movies_and_where_the_recordings_come_from(nano):
    data = Display(nano).data("figure_3b")
    assert data["subjects"] == {
        "spiking": {
            "label": "lorafb_snet_tiny (motion)",
            "role": "lorafb_snet",
            "still": False,
            "replicates": ["spiking"],
            "network": "lorafb_snet_tiny",
            "untrained": False,
        },
        "plain": {  # untrained, a baseline
            "label": "cornet_tiny (initial weights)",
            "role": "cornet",
            "still": False,
            "replicates": ["plain"],
            "network": "cornet_tiny",
            "untrained": True,
        },
        "still": {
            "label": "lorafb_snet_tiny (motion_still)",
            "role": "lorafb_imagenet",
            "still": True,
            "replicates": ["still"],
            "network": "lorafb_snet_tiny",
            "untrained": False,
        },
    }
    assert data["movies"] == {"short": {"title": "short (simulated mouse)", "paper": "Movie1"}}
    assert data["controls"] == ("control",)
    assert data["note"] == "The mice are SIMULATED: nothing here is a finding about a brain."
    assert (data["miniature"], data["simulated"]) == (True, True)
    assert data["command"] == "snakemake figure_3b"


def test_the_papers_own_recordings_are_no_miniature(paper):
    data = Display(paper).data("table_1")
    assert (data["miniature"], data["simulated"]) == (False, False)
    assert data["movies"]["movie2"] == {"title": "movie2", "paper": "Movie2"}


def test_the_matrices_are_those_of_movies_and_of_one_movie_of_each_network_without_another_role(nano):
    assert Display(nano).matrices() == {
        "Areas among themselves, short (simulated mouse)": "areas/short",
        "Areas among themselves, mouse": "areas/mouse",
        "Frame against frame: lorafb_snet_tiny (motion), short": "frames/spiking/short",
    }


def test_targets_name_the_parts_of_a_study(nano):
    targets = Display(nano).targets()
    assert targets["front"] == targets["original"] == nano.scores("base")
    assert targets["checkpoints"] == [f"results/checkpoints/{one}.pt" for one in ("spiking", "plain", "still")]
    assert targets["table_6"] == ["results/tables/table_6.csv", "results/tables/table_6.md"]
    everything = Display(nano).everything()
    assert "results/report.html" in everything
    assert {f"results/training/{one}/curves.svg" for one in nano.trained} <= set(targets["figures"])
    for name, files in targets.items():
        assert set(files) <= set(everything), name


def test_rules_change_with_the_code_of_their_script_and_of_the_network_or_metric_chosen(nano):
    plain, own = nano.code("extract.py"), nano.network_code("extract.py", "plain")
    assert plain != own != nano.network_code("extract.py", "spiking")
    assert nano.network_code("extract.py", "spiking") == nano.network_code("extract.py", "still")
    experiments = NO_SWEEPS | {"clip": {"lengths": [8], "trials": 2, "metrics": ["tsrsa"]}}
    with_cka = plan_of(NANO, metrics=["tsrsa", "cka"], experiments=experiments)
    assert with_cka.metric_code("score_base.py", "original") != nano.metric_code("score_base.py", "original")
    assert with_cka.metric_code("score_base.py", "clip") == nano.metric_code("score_base.py", "clip")


def test_every_perturbation_of_the_config_has_trials_and_settings(nano):
    assert set(get_args(Perturbation)) == set(PERTURBATIONS)
    assert all(hasattr(nano.study.experiments, name) for name in PERTURBATIONS)


def test_weights_without_a_mark_are_flagged_in_figures_tables_and_report(tmp_path):
    (tmp_path / "mine.pth").touch()
    saved = {"kind": "file", "file": "mine.pth"}
    one = ONE["spiking"] | {"label": "SNet", "training": "ucf101"}
    subjects = {
        "sound": one | {"checkpoint": saved},
        "flagged": one | {"label": "Other", "checkpoint": saved | {"unmarked": True}},
    }
    plan = plan_of(NANO, (tmp_path, ROOT), subjects=subjects, experiments=NO_SWEEPS, features={"keep": "none"})
    display, (flagged, *_) = Display(plan), {"Other [UNMARKED WEIGHTS]"}
    assert [display.label(name) for name in subjects] == ["SNet", flagged]
    assert [plan.labels(name)["training"] for name in subjects] == ["ucf101", "ucf101 [UNMARKED WEIGHTS]"]
    assert [line for line in display.sources() if "Other" in line] == [
        f"{flagged}: nothing in the file says that these are weights of a spiking network."
    ]
    assert plan.checkpoint("sound") == saved | {"entry": None, "unmarked": False}


def test_a_reader_is_told_the_source_of_every_kind_of_recording():
    kinds = {
        get_args(one.model_fields["kind"].annotation)[0]
        for model in (Movie, StillScenes)
        for one in get_args(model.model_fields["recording"].annotation)
        if one is not type(None)
    }
    assert kinds == set(SOURCES)
    movie = {
        "mine": {"recording": {"kind": "nwb", "sessions": ["https://example.org/x.nwb"], "presentations": "trials"}}
    }
    display = Display(plan_of(NANO, movies=movie, scenes={}, subjects=ONE, experiments=NO_SWEEPS))
    assert display.sources() == ["Recordings: spikes of NWB sessions."]


def test_a_study_of_ones_own_is_no_miniature_and_has_a_table_of_its_sweeps():
    movie = {"mine": {"stimulus": {"kind": "camera", "frames": 60}, "recording": {"kind": "simulated"}}}
    display = Display(plan_of(NANO, movies=movie, scenes={}, subjects=ONE, experiments={"clip": {"lengths": [20]}}))
    assert (set(display.figures), set(display.tables)) == (
        {"networks", "layers", "sweep_clips"},
        {"sweeps", "comparisons"},
    )
    assert not display.is_miniature(["mine"])
    assert set(Display(plan_of(NANO, movies=movie, scenes={}, subjects=ONE, experiments={})).tables) == {"comparisons"}
    movie["mine"]["paper"] = "Movie1"
    assert Display(plan_of(NANO, movies=movie, scenes={}, subjects=ONE, experiments=NO_SWEEPS)).is_miniature(["mine"])


def test_silent_layers_are_told_from_the_results_of_trainings(nano, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert nano.silent_layers() == []  # nothing was trained in this run
    for subject, quiet in (("spiking", ""), ("still", '"one, two"')):
        (tmp_path / "results/training" / subject).mkdir(parents=True)
        path = tmp_path / "results/training" / subject / "result.csv"
        path.write_text(f"test_accuracy,silent_layers\n0.5,{quiet}\n")
    assert nano.silent_layers() == ["still: in some layers no unit is active on any test clip: one, two"]


@pytest.fixture(scope="module")
def scratch():
    return plan_of(SCRATCH)


def test_the_study_from_scratch_reads_no_published_result(scratch, paper):
    assert set(scratch.trained) == set(scratch.study.subjects) == set(paper.study.subjects) - {"resnet_2p_cpc"}
    assert scratch.missing_assets == [
        f"data/paper/natural_{name}.npy" for name in ("movie_one", "movie_three", "scenes")
    ]
    for movie in ("movie1", "movie2", "scenes"):
        addresses = {scratch.session_address(movie, str(session)) for session in range(32)}
        assert len(addresses) == 32
        assert all(address.startswith("https://allen-brain-observatory.s3.") for address in addresses)
        assert len(scratch.recording_files(movie, "VISp")) == 32
    assert [scratch.presentations(movie) for movie in ("movie1", "movie2", "scenes")] == [
        "natural_movie_one",
        "natural_movie_three",
        "natural_scenes",
    ]


def test_the_study_from_scratch_is_the_papers_in_all_else(scratch, paper):
    ours, theirs = scratch.study, paper.study
    assert ours.experiments == theirs.experiments
    for name, subject in ours.subjects.items():
        assert subject.model_copy(update={"checkpoint": None}) == theirs.subjects[name].model_copy(
            update={"checkpoint": None}
        )
    for name, movie in ours.stimuli.items():
        assert movie.stimulus == theirs.stimuli[name].stimulus
    assert not Display(scratch).is_miniature(["movie1", "movie2", "scenes"])
    short = ours.movies["movie1"].recording.model_copy(
        update={"sessions": ours.movies["movie1"].recording.sessions[:31]}
    )
    movies = {"movie1": ours.movies["movie1"].model_copy(update={"recording": short})}
    assert Display(Plan(ours.model_copy(update={"movies": movies}), ROOT, (ROOT,))).is_miniature(["movie1"])


def test_the_study_from_scratch_trains_by_the_published_recipes(scratch):
    for name, classes, epochs, decay in (("lorafb_snet18", 101, 100, 1e-4), ("sew_resnet18_imagenet", 1000, 320, 0.0)):
        recipe = scratch.recipe(name)
        chosen = ("epochs", "batch", "learning_rate", "optimiser", "momentum", "weight_decay", "precision", "size")
        assert [recipe[key] for key in chosen] == [epochs, 32, 0.1, "sgd", 0.9, decay, "fp16", 224]
        assert scratch.feed(name).classes == classes
    assert scratch.processes() == 8
    files = scratch.training_files("lorafb_snet18_discontinuous")
    assert files["index"] == "results/training_sets/ucf101/files.csv"
    assert len(files["frames"]) == 20


def test_the_training_sets_and_recipes_of_the_guide_are_a_study():
    guide = (ROOT / "docs/training.md").read_text()
    values = {"experiments": NO_SWEEPS}
    for block in re.findall(r"```yaml\n((?:training_sets|recipes):.*?)```", guide, re.DOTALL):
        values |= yaml.safe_load(block)
    trained = {"birds": "published_subsets", "fish": None, "imagenet": "short"}
    for training, recipe in trained.items():
        checkpoint = {"kind": "trained", "recipe": recipe}
        values["subjects"][training] = {"network": "sew_resnet18", "training": training, "checkpoint": checkpoint}
    plan = Plan(reading.read(ROOT / "config.yaml", values, (ROOT,)), ROOT, (ROOT,))
    assert plan.feed("birds").classes == 12
    assert plan.training_set("birds")["taken"] == "run"
    assert plan.recipe("birds")["crop"] == "per_frame"
    assert plan.listed("fish")["lists"] == ["train.txt", "test.txt"]
    assert plan.training_files("fish")["index"] == "results/training_sets/fish/files.csv"
    assert (plan.recipe("mine")["accumulate"], plan.recipe("imagenet")["augment"]) == (8, "trivial")
