"""The real workflow, run as its user runs it: everything once, then what each edit makes run again, exactly."""

import json
import os
import re
import shutil
from pathlib import Path

import dry_run
import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from lorafb import cli, code
from lorafb.artefacts import columns, lineage
from lorafb.files import sha256
from lorafb.similarity import metrics

ROOT = Path(__file__).parent.parent.parent
STUDY = ["--cores", "2", "--configfile", "nano.yaml"]
PARTS = ["Snakefile", "config.yaml", "config", "rules", "workflow_scripts", "profiles", "envs", "lorafb", "data"]

METRICS = ["tsrsa", "regression", "tsrsa-spearman", "cka", "own_metric:agreement"]
OWN_METRIC = '''
import numpy as np


def agreement(model_rsm, area_rsm):
    """Pearson r of the pairs of frames of two RSMs."""
    pairs = np.triu_indices(len(model_rsm), 1)
    return float(np.corrcoef(model_rsm[pairs], area_rsm[pairs])[0, 1])
'''


def snakemake(repository, *arguments, check=True):
    status, said = dry_run.python(repository, "snakemake", *STUDY, *arguments)
    assert status == 0 or not check, said
    return status, said


def jobs(repository):
    """What would run, as a set of `rule` or `rule wildcard-values` strings."""
    text = dry_run.run(repository, *STUDY)
    found = set()
    for block in re.split(r"^(?:local)?rule ", text, flags=re.MULTILINE)[1:]:
        rule = block.partition(":")[0]
        wildcards = re.search(r"^ +wildcards: (.*)$", block, re.MULTILINE)
        values = re.findall(r"=([^,]+)", wildcards[1]) if wildcards else []
        found.add(" ".join([rule, *sorted(values)]))
    return found - {"all"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy of the repository in which the nano study has run."""
    folder = tmp_path_factory.mktemp("a repository")
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    nano = (ROOT / "tests" / "workflow" / "nano.yaml").read_text()
    (folder / "nano.yaml").write_text(f"{nano}\nmetrics: [{', '.join(METRICS)}]\n")
    (folder / "own_metric.py").write_text(OWN_METRIC)
    snakemake(folder)
    return folder


@pytest.fixture
def edited(repository):
    """A function that edits a file of the repository for one test."""
    kept = {}

    def edit(file, old, new):
        path = repository / file
        data = path.read_bytes()
        kept.setdefault(path, data)
        assert old.encode() in data, f"{old} does not stand in {file}"
        path.write_bytes(data.replace(old.encode(), new.encode(), 1))

    yield edit
    for path, data in kept.items():
        path.write_bytes(data)


def test_the_study_ends_in_figures_and_a_report(repository):
    results = repository / "results"
    page = (results / "report.html").read_text()
    assert page.count("<svg") >= 11
    assert "SIMULATED" in page
    for ending in ("svg", "png", "csv", "txt"):
        assert (results / "figures" / f"figure_3a.{ending}").stat().st_size > 100


def test_every_column_of_every_table_is_defined_and_its_meaning_stands_beside_the_table(repository):
    results = repository / "results"
    tables = [path for path in results.rglob("*.csv") if path.with_name(f"{path.name}.json").is_file()]
    tables.append(results / "study.csv.gz")
    assert len(tables) > 30
    for path in tables:
        names = list(pd.read_csv(path).columns)
        assert columns.undefined(names, path) == [], path
        assert set(json.loads(path.with_name(f"{path.name}.json").read_text())["columns"]) == set(names), path


def test_every_figure_says_what_made_it_and_the_crate_names_every_file_and_job(repository, capsys):
    results = repository / "results"
    for path in results.rglob("figures/**/*.svg"):
        text = lineage.text(lineage.trace(path))
        assert "config: " in text, path
        assert "python -m lorafb.rerun results/logs/" in text, path
    assert "test accuracy" in lineage.text(lineage.trace(results / "figures" / "figure_3a.svg"))
    assert lineage.html(lineage.trace(results / "figures" / "figure_3a.svg")) in (results / "report.html").read_text()
    assert cli.main(["crate", str(results)]) == 0
    crate = json.loads((results / "ro-crate-metadata.json").read_text())["@graph"]
    files = {one["@id"]: one for one in crate if one["@type"] == "File"}
    assert len(files) > 150
    assert files["report.html"]["sha256"] == sha256(results / "report.html")
    assert sum(one["@type"] == "CreateAction" for one in crate) == len(list((results / "logs").rglob("*.job.json")))


def test_every_layer_and_area_has_a_score(repository):
    scores = pd.read_csv(repository / "results/scores/spiking/short/base.csv")
    original = scores[scores["experiment"] == "original"]
    assert set(original["area"]) == {"visp", "visl", "visam", "control"}
    assert set(original["metric"]) == set(METRICS)
    original = original[original["metric"] == "tsrsa"]
    assert original["layer"].nunique() == 5
    assert original["value"].dropna().between(-1, 1).all()  # a layer that falls silent has no score, and says so
    assert original.groupby("area")["best"].sum().eq(1).all()
    clips = scores[scores["experiment"] == "clip"]
    assert set(clips["length"]) == {8}
    assert set(clips["trial"]) == {0, 1}


def test_every_metric_is_scored_by_every_experiment_that_makes_sense_for_it(repository):
    everywhere = set(METRICS) - {"regression"}  # whose value depends on the number of frames
    for subject, table in (("spiking/short", "base"), ("spiking/short", "shuffle"), ("still/short", "replace")):
        scores = pd.read_csv(repository / f"results/scores/{subject}/{table}.csv")
        for experiment, rows in scores.groupby("experiment"):
            assert set(rows["metric"]) == everywhere | ({"regression"} if experiment == "original" else set())
    assert set(pd.read_csv(repository / "results/scores/still/scenes/scenes.csv")["metric"]) == everywhere
    assert set(pd.read_csv(repository / "results/areas/short.csv")["metric"]) == everywhere


def test_a_metric_from_outside_the_package_gives_its_own_numbers(repository):
    scores = pd.read_csv(repository / "results/scores/spiking/short/base.csv")
    rows = scores[(scores["metric"] == "own_metric:agreement") & (scores["experiment"] == "original")]
    with (
        h5py.File(repository / "results/grams/spiking/short.h5") as grams,
        h5py.File(repository / "results/responses/short/VISp.h5") as area,
    ):
        counts = area["summed"][1:].astype(float)
        triangle, sums, n = grams["sn1/products"][()], grams["sn1/sums"][()], grams["sn1"].attrs["n_units"]
    products = np.zeros((48, 48))
    products[np.triu_indices(48)] = triangle
    covariance = (n * (products + np.triu(products, 1).T) - np.outer(sums, sums))[1:, 1:]
    rsm = covariance / np.sqrt(np.outer(np.diagonal(covariance), np.diagonal(covariance)))
    pairs = np.triu_indices(47, 1)
    expected = np.corrcoef(rsm[pairs], np.corrcoef(counts)[pairs])[0, 1]
    value = rows[(rows["layer"] == "sn1") & (rows["area"] == "visp")]["value"].item()
    assert value == pytest.approx(expected, abs=1e-9)


def test_features_and_products_are_read_with_h5py_alone(repository):
    with h5py.File(repository / "results/features/spiking/short.h5") as file:
        features = file["sn1"]["features"]
        assert features.shape == (48, int(file["sn1"].attrs["shape"].prod()))
        assert file.attrs["format"] == "lorafb-features"
    with h5py.File(repository / "results/grams/spiking/short.h5") as file:
        products = file["sn1"]["products"][()]
        assert len(products) == 48 * 49 // 2
        assert json.loads(file.attrs["inputs"]).keys() == {"results/checkpoints/spiking.pt", "results/stimuli/short.h5"}
        row = features_row(repository, 5)
        assert products[5 * 48 - 5 * 4 // 2] == (row * row).sum()


def features_row(repository, frame):
    with h5py.File(repository / "results/features/spiking/short.h5") as file:
        return file["sn1"]["features"][frame].astype(int)


def test_the_resolved_config_stands_beside_the_results(repository):
    assert yaml.safe_load((repository / "results/config.yaml").read_text())["metrics"] == METRICS


TORCH = {"train", "checkpoint", "extract", "perturbed", "with_noise"}


def test_every_job_loads_only_what_its_digest_covers_and_torch_only_where_it_must(repository):
    logs = sorted((repository / "results/logs").rglob("*.job.json"))
    assert len(logs) > 20
    for path in logs:
        job = json.loads(path.read_text())
        loaded = re.findall(r"modules: (.*)$", path.with_suffix("").with_suffix(".log").read_text(), re.MULTILINE)[
            -1
        ].split()
        params = job["params"]
        extras = [params["subject"]["network"]["build"]] if job["rule"] in TORCH else []
        extras += [params["make"]] if "make" in params else []
        used = params.get("metrics", [])
        names = [name for one in used.values() for name in one] if isinstance(used, dict) else used
        extras += [module for name in set(names) & set(metrics.names()) for module in metrics.find(name).modules]
        covered = code.closure(ROOT / "workflow_scripts" / Path(job["script"]).name, *extras)
        outside = {name for name in loaded if not code.left_out(name)} - covered - {"torch"}
        assert not outside, f"{path.name}: {outside}"
        assert ("torch" in loaded) == (job["rule"] in TORCH), path.name


@pytest.mark.parametrize(
    ("made", "description"),
    [
        ("scores/spiking/short/base.csv", "score_base/spiking/short.job.json"),
        ("grams/plain/clip.h5", "extract/plain/clip.job.json"),
        ("checkpoints/plain.pt", "checkpoint/plain.job.json"),
    ],
)
def test_a_job_runs_again_alone_in_one_process_and_writes_the_same_bytes(repository, made, description):
    table = repository / "results" / made
    before = table.read_bytes()
    status, said = dry_run.python(repository, "lorafb.rerun", f"results/logs/{description}")
    assert status == 0, said
    assert table.read_bytes() == before


AREAS = ("VISp", "VISl", "VISam")


def jobs_of(rule, *names):
    return {f"{rule} {name}" for name in names}


def shown(figures="", tables=""):
    """Jobs of figures and tables by their short names, and of the report."""
    return (
        jobs_of("figure", *(name if name in ("networks", "layers") else f"figure_{name}" for name in figures.split()))
        | jobs_of("table", *(name if name == "claims" else f"table_{name}" for name in tables.split()))
        | {"report"}
    )


TABLE = {"study_table"}  # of all scores
SHUFFLE = jobs_of("score_perturbed", "short shuffle spiking", "short shuffle still") | TABLE
REPLACE = jobs_of("score_perturbed", "replace short spiking", "replace short still") | TABLE
SCENES = {"score_scenes scenes spiking", "score_scenes scenes still"} | TABLE
BASE = (
    {"score_base plain short", "score_base short spiking", "score_base short still", "psth short"} | SHUFFLE | REPLACE
)
FRAMES = {"figure_frames short spiking"}
FROM_BASE = shown("networks layers 3a 3b 3c 3d 4a 4b 6 7a 7b", "claims 1 2 4 5")
CORTEX = {"areas short", "ceiling short", "figure_areas short", "statistics short"} | TABLE
OF_MOUSE = {"areas mouse", "ceiling mouse", "figure_areas mouse"}
EVERY = shown("networks layers 3a 3b 3c 3d 4a 4b 4c 6 7a 7b", "claims 1 2 4 5 6")
SELECTED = {f"select_units {area} short" for area in (*AREAS, "control")}
# what follows on another recording of the movie
RECORDED = SELECTED | BASE | CORTEX | FRAMES | {"units short"} | FROM_BASE | shown(tables="3")
RECORDINGS = {f"recording {area} short" for area in (*AREAS, "control")}
PASSES = (
    jobs_of("extract", "clip spiking", "short spiking", "scenes spiking", "short still", "scenes still")
    | jobs_of("perturbed", "4 short shuffle spiking", "48 short shuffle spiking", "3 replace short spiking")
    | {"with_noise short still", "statistics short"}
    | FRAMES
)
CURVES = {"training_curves spiking", "training_curves still"}
TRAINED = CURVES | PASSES | (BASE - {"score_base plain short"}) | SCENES | EVERY
OF_PLAIN = {"extract plain short", "score_base plain short", "statistics short", *TABLE} | shown(
    "networks layers 3a 3b 3c 3d 7a", "claims 1 2 4 5"
)
RERUN_NOTHING = {
    "a docstring of a metric": ("lorafb/similarity/tsrsa.py", '"""Time-Series', '"""Here is: Time-Series'),
    "a comment in a script": ("workflow_scripts/score_base.py", "if __name__", "# the whole job\nif __name__"),
    "another network's record": ("lorafb/networks/catalogue.py", "(3, 8, 36, 3)", "(3, 8, 35, 3)"),
}
RERUNS = {
    "a statement of the metric": (
        ("lorafb/similarity/tsrsa.py", "np.clip(model @ area, -1, 1)", "np.clip(model @ area, -1.0, 1.0)"),
        BASE | SCENES | CORTEX | OF_MOUSE | {"ceiling scenes"} | EVERY | shown(tables="3"),
    ),
    "a statement of one figure's module": (
        ("lorafb/figures/clips.py", "import numpy as np", "import numpy as np\n\nUNUSED = 1"),
        shown("3c 3d"),
    ),
    "a statement of all figures' style": (
        ("lorafb/figures/style.py", '"savefig.dpi": 200', '"savefig.dpi": 201'),
        EVERY | FRAMES | CURVES | {"figure_areas short", "figure_areas mouse"} | shown(tables="3"),
    ),
    "one network's module": (
        ("lorafb/networks/cornet.py", "import torch", "import torch\n\nUNUSED = 1"),
        OF_PLAIN | {"checkpoint plain", "extract clip plain"},
    ),
    "one network's record": (
        ("lorafb/networks/catalogue.py", '"groups": 4', '"groups": 2'),
        OF_PLAIN | {"checkpoint plain", "extract clip plain"},
    ),
    "number of clips, in the config": (
        ("nano.yaml", "clip: {lengths: [8], trials: 2}", "clip: {lengths: [8], trials: 3}"),
        BASE | FROM_BASE,
    ),
    "a window more to shuffle": (
        ("nano.yaml", "windows: [4, 48]", "windows: [4, 24, 48]"),
        {"perturbed 24 short shuffle spiking"} | SHUFFLE | shown("4a 7a", "claims"),
    ),
    "a kind of noise more": (
        ("nano.yaml", "kinds: [gaussian, static]", "kinds: [gaussian, static, black]"),
        {"noise short", "perturbed 3 replace short spiking", "with_noise short still"} | REPLACE | shown("4b 7b"),
    ),
    "number of splits, in the config": (
        ("nano.yaml", "splits: 4", "splits: 5"),
        CORTEX | OF_MOUSE | {"ceiling scenes"} | shown("networks 3a 3b 4c", "claims 1 2 4"),
    ),
    "a recipe, in the config": (
        ("nano.yaml", "epochs: 2", "epochs: 3"),
        {"train spiking", "train still"} | TRAINED,
    ),
    "a label, in the config": (
        ("nano.yaml", "    network: cornet_tiny", "    label: CORnet\n    network: cornet_tiny"),
        shown("networks layers 3a 3b 3c 3d 7a", "claims 1 2 4 5 6"),
    ),
    "a network more": (
        (
            "nano.yaml",
            "recipes:",
            "  more:\n    network: sew_resnet_tiny\n    training: motion\n    size: 64\n    sees: [short]\n"
            "    checkpoint: {kind: initial, seed: 1}\nrecipes:",
        ),
        {
            "checkpoint more",
            "extract more short",
            "score_base more short",
            "statistics short",
            "figure_frames more short",
            *TABLE,
        }
        | shown("networks layers 3a 3b", "claims 1 2 4"),
    ),
    "the rate under which units are left out": (("nano.yaml", "min_rate: 0", "min_rate: 0.1"), RECORDED),
    "repeats of the simulated mouse": (
        ("nano.yaml", "repeats: 6", "repeats: 5"),
        {f"{rule} {session} short" for rule in ("simulate_session", "count_spikes") for session in (0, 1)}
        | RECORDINGS
        | RECORDED,
    ),
    "a unit filter": (
        ("nano.yaml", "isi_violations: null", "isi_violations: 0.5"),
        {f"count_spikes {session} short" for session in (0, 1)} | RECORDINGS | RECORDED,
    ),
    "one more simulated mouse": (
        ("nano.yaml", "sessions: 2", "sessions: 3"),
        {"simulate_session 2 short", "count_spikes 2 short"} | RECORDINGS | RECORDED,
    ),
    "threads, in the config": (
        ("nano.yaml", "splits: 4}", "splits: 4}\ncompute: {threads: 2}"),
        {"train spiking", "train still", "extract clip plain"} | OF_PLAIN | TRAINED,
    ),
    "layers whose features are kept": (
        ("nano.yaml", "keep: all", "keep: [sn1]"),
        jobs_of("extract", "clip spiking", "short spiking", "scenes spiking", "short still", "scenes still")
        | {"extract clip plain"}
        | OF_PLAIN
        | SHUFFLE
        | BASE
        | SCENES
        | FRAMES
        | EVERY,
    ),
    "one byte of a photograph": (
        ("data/photographs/china.jpg", "JFIF", "JFIf"),
        {"stimulus short", "stimulus scenes", "noise short", "extract plain short", "train spiking", "train still"}
        | {f"{rule} {session} short" for rule in ("simulate_session", "count_spikes") for session in (0, 1)}
        | {"simulate_session 0 scenes", "count_spikes 0 scenes", "ceiling scenes", "units scenes"}
        | {f"{rule} {area} scenes" for rule in ("recording", "select_units") for area in AREAS}
        | RECORDINGS
        | RECORDED
        | TRAINED,
    ),
    "one byte of the real clip": (
        ("data/real/clips/test.avi", "ISFT", "ISFt"),
        {"stimulus clip", "extract clip spiking", "checkpoint plain", "extract clip plain"} | OF_PLAIN,
    ),
}


@pytest.mark.parametrize("edit", RERUNS)
def test_an_edit_makes_exactly_what_depends_on_it_run_again(repository, edited, edit):
    change, expected = RERUNS[edit]
    edited(*change)
    assert jobs(repository) == expected


def test_edits_that_change_no_result_and_touched_files_run_nothing(repository, edited):
    for change in RERUN_NOTHING.values():
        edited(*change)
    (repository / "data/real/clips/test.avi").touch()
    (repository / "lorafb/similarity/metrics.py").touch()
    assert "Nothing to be done" in dry_run.run(repository, *STUDY)


def test_a_file_that_is_deleted_is_made_again(repository):
    recording = repository / "results/recordings/short/VISl.h5"
    kept = recording.read_bytes(), recording.stat().st_mtime_ns
    recording.unlink()
    assert "recording VISl short" in jobs(repository)
    recording.write_bytes(kept[0])
    os.utime(recording, ns=(kept[1], kept[1]))
    assert jobs(repository) == set()


def test_the_whole_folder_is_checked_byte_by_byte_and_link_by_link(repository, capsys):
    assert cli.main(["check", str(repository / "results")]) == 0
    assert "artefacts, unchanged since they were written" in capsys.readouterr().out
    gram = repository / "results/grams/spiking/short.h5"
    whole = gram.read_bytes()
    gram.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert cli.main(["check", str(repository / "results")]) == 2
    assert "short.h5: its bytes have changed since it was written" in capsys.readouterr().err
    gram.write_bytes(whole)


def test_fewer_cores_than_threads_stop_a_job_in_one_line(repository):
    one_core = ("--cores", "1", "--config", "compute={threads: 2}", "--forcerun", "extract")
    status, told = snakemake(repository, *one_core, check=False)
    assert status == 1
    assert "compute.threads is 2, and --cores left 1 to the job; give --cores 2 or more" in told
    assert "Traceback" not in told


def test_a_misspelt_key_stops_before_any_job_in_a_few_lines(repository):
    status, told = snakemake(repository, "--config", "studdy=x", check=False)
    assert status == 1
    assert "studdy: unknown key; did you mean 'study'?" in told
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) <= 6


def test_the_workflow_is_clean_to_snakemakes_own_linter(repository):
    snakemake(repository, "--lint")
