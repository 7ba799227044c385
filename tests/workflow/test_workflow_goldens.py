"""What users run, `snakemake`, gives the published numbers: whole studies on the inputs of the golden runs.

Ties are averaged on both sides and draws are the published ones. A study holds many golden runs, so that one Snakemake
serves them all; the first one is quick (two areas, two networks), the others are the whole list of golden runs.
"""

import numpy as np
import pandas as pd
import published_study
import pytest
from numpy.testing import assert_allclose
from published_study import GOLDEN, golden

AREAS = ["VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam"]
EXACT = ("lorafb_snet", "sew_resnet")
REGRESSION = 1e-5  # of float32 features there, of exact products here
NOT_IN_THE_WORKFLOW = {"ceiling_units_clip20"}  # ceilings of clips are a published command's alone

BOTH = {"experiments": ["shuffle", "replace"]}


def quick(folder):
    """A network that carries state and one that sees frames alone, every experiment, two areas."""
    movies = {
        "m57": published_study.movie(folder, 57, **BOTH),
        "m24": published_study.movie(folder, 24, **BOTH),
    }
    for frames in (57, 24):
        published_study.noise(folder, frames, "gaussian")
    subjects = {
        "snet": published_study.subject(folder, "lorafb_snet18", ["m57", "scenes"], **BOTH),
        "still": published_study.subject(folder, "lorafb_snet18", ["m24"], "imagenet", **BOTH),
    }
    experiments = {
        "clip": {"lengths": [20], "trials": 4},  # 24 frames have no more clips of 20
        "front": {"lengths": [30]},
        "shuffle": {"windows": [10], "trials": 3},
        "replace": {"windows": [5], "trials": 3, "kinds": ["gaussian"]},
    }
    return study(AREAS[:2], movies, subjects, experiments, published_study.scenes(folder))


def stateful(folder):
    """Networks of 64 pixels that carry state: all windows, kinds of noise and clips of the golden runs."""
    kinds = ("gaussian", "uniform", "black", "static")
    movies = {"m57": published_study.movie(folder, 57, **BOTH)}
    for kind in kinds:
        published_study.noise(folder, 57, kind)
    seen = ["m57", "scenes"]
    subjects = {
        "snet": published_study.subject(folder, "lorafb_snet18", seen, **BOTH),
        "sew": published_study.subject(folder, "sew_resnet18", seen, **BOTH),
        "cnet": published_study.subject(folder, "lorafb_cnet18", seen, experiments=["shuffle"]),
    }
    experiments = {
        "clip": {"lengths": [20, 40], "trials": 10},
        "front": {"lengths": [30]},
        "shuffle": {"windows": [3, 10, 57], "trials": 3},
        "replace": {"windows": [5, 10], "trials": 3, "kinds": list(kinds)},
    }
    return study(AREAS, movies, subjects, experiments, published_study.scenes(folder))


def short_movies(folder):
    """Networks that see frames alone or clips, and those of 224 pixels, on movies of their own."""
    movies = {
        "m24": published_study.movie(folder, 24, **BOTH),
        "m41": published_study.movie(folder, 41, seed=2),
        "large": published_study.movie(folder / "4", 24, seed=4, size=224),
        "large2": published_study.movie(folder / "2", 24, seed=2, size=224),
    }
    published_study.noise(folder, 24, "gaussian")
    subjects = {
        "still": published_study.subject(folder, "lorafb_snet18", ["m24"], "imagenet", **BOTH),
        "sew": published_study.subject(folder, "sew_resnet18", ["m24"], "imagenet"),
        "cpc": published_study.subject(folder, "resnet_2p_cpc", ["m41"], seed=2),
        "large": published_study.subject(folder, "lorafb_snet18", ["large"], size=224, label="large"),
        "rt": published_study.subject(folder, "cornet_rt", ["large2"], "imagenet", 2, size=224),
        "s": published_study.subject(folder, "cornet_s", ["large2"], "imagenet", 2, size=224),
    }
    experiments = {
        "clip": {"lengths": []},
        "front": {"lengths": []},
        "shuffle": {"windows": [6], "trials": 2},
        "replace": {"windows": [5], "trials": 2, "kinds": ["gaussian"]},
    }
    return study(AREAS, movies, subjects, experiments)


def cornet(folder):
    """CORnet, which takes 224 pixels alone."""
    movies = {
        "m57": published_study.movie(folder, 57, size=224, **BOTH),
    }
    published_study.noise(folder, 57, "gaussian", size=224)
    subjects = {"cornet": published_study.subject(folder, "cornet", ["m57", "scenes"], size=224, **BOTH)}
    experiments = {
        "clip": {"lengths": [20], "trials": 5},
        "front": {"lengths": [30]},
        "shuffle": {"windows": [10], "trials": 3},
        "replace": {"windows": [5], "trials": 3, "kinds": ["gaussian"]},
    }
    return study(AREAS, movies, subjects, experiments, published_study.scenes(folder, size=224))


def study(areas, movies, subjects, experiments, scenes=None):
    return {
        "study": "goldens",
        "areas": areas,
        "seed": 2023,
        "ties": "average",
        "draws": "published",
        "movies": movies,
        "scenes": {"scenes": scenes} if scenes else {},
        "subjects": subjects,
        "experiments": {**experiments, "ceiling": {"splits": 100}},
        "features": {"keep": "none"},
    }


# study, subject and movie of each golden run
RUNS = {
    quick: {
        "lorafb_snet18": ("snet", "m57"),
        "lorafb_snet18_imagenet": ("still", "m24"),
        "ceiling_units": ("", "m57"),
    },
    stateful: {
        "lorafb_snet18": ("snet", "m57"),
        "sew_resnet18": ("sew", "m57"),
        "lorafb_cnet18": ("cnet", "m57"),
        "ceiling_units": ("", "m57"),
    },
    short_movies: {
        "lorafb_snet18_imagenet": ("still", "m24"),
        "sew_resnet18_imagenet": ("sew", "m24"),
        "resnet_2p_cpc": ("cpc", "m41"),
        "lorafb_snet18_224": ("large", "large"),
        "cornet_rt_imagenet": ("rt", "large2"),
        "cornet_s_imagenet": ("s", "large2"),
    },
    cornet: {"cornet": ("cornet", "m57")},
}
QUICK = (
    "lorafb_snet18_original",
    "lorafb_snet18_clip20",
    "lorafb_snet18_front30",
    "lorafb_snet18_shuffle10_all",
    "lorafb_snet18_shuffle10_best",
    "lorafb_snet18_replace_gaussian5_best",
    "lorafb_snet18_scenes",
    "lorafb_snet18_regression",
    "lorafb_snet18_imagenet_original",
    "lorafb_snet18_imagenet_replace_gaussian5_best",
    "ceiling_units",
)
NAMES = sorted(path.stem for path in GOLDEN.glob("*.json"))


def cases():
    """Every study with the golden runs that it must give; a run's key is the longest that its name begins with."""
    keys = sorted({key for of_study in RUNS.values() for key in of_study}, key=len, reverse=True)
    listed = []
    for name in [one for one in NAMES if one not in NOT_IN_THE_WORKFLOW]:
        key = next(key for key in keys if f"{name}_".startswith(f"{key}_"))
        for start, of_study in RUNS.items():
            if key in of_study and (start is not quick or name in QUICK):
                marks = [] if start is quick else [pytest.mark.slow]
                listed.append(pytest.param(start, name, *of_study[key], marks=marks, id=f"{start.__name__}-{name}"))
    return listed


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A function that runs a study once, and gives the folder of its results."""
    made = {}

    def results(start):
        if start not in made:
            folder = tmp_path_factory.mktemp(start.__name__)
            config = start(folder)
            ceilings = ["results/ceilings/m57.csv"] if "m57" in config["movies"] else []
            published_study.run(folder, config, ["original", "shuffle", "replace", "scenes", *ceilings])
            made[start] = folder / "results"
        return made[start]

    return results


def option(about, name):
    words = about["command"].split()
    return words[words.index(name) + 1] if name in words else None


def experiment(about):
    """Name of the experiment in tables, the table that holds it, and which of its rows are this run's."""
    if "network" not in about:
        return "ceilings", {"experiment": "ceiling"}
    if option(about, "--clip-len"):
        return "base", {"experiment": "clip", "length": int(option(about, "--clip-len"))}
    if option(about, "--front-len"):
        return "base", {"experiment": "front", "length": int(option(about, "--front-len"))}
    if "--shuffle" in about["command"]:
        return "shuffle", {"experiment": "shuffle", "window": int(option(about, "--window"))}
    if "--replace " in about["command"]:
        kind, window = option(about, "--replace-type"), int(option(about, "--window"))
        return "replace", {"experiment": "replace", "window": window, "replacement": kind}
    if about["stimulus"]["dataset"] == "allen_natural_scenes":
        return "scenes", {"experiment": "scenes"}
    return "base", {"experiment": "original"}


def rows_of(results, about, subject, movie):
    """Rows of a golden run in the workflow's tables."""
    table, chosen = experiment(about)
    movie = "scenes" if table == "scenes" else movie
    path = results / ("ceilings" if table == "ceilings" else f"scores/{subject}") / movie
    rows = pd.read_csv(path.with_suffix(".csv") if table == "ceilings" else path / f"{table}.csv")
    for column, value in chosen.items():
        rows = rows[rows[column] == value]
    if table == "base":
        rows = rows[rows["metric"] == ("regression" if option(about, "--metric") == "Regression" else "tsrsa")]
    return rows


def tolerance(about):
    if "network" not in about:
        return 2e-5  # published ties
    if option(about, "--metric") == "Regression":
        return REGRESSION
    return 1e-9 if about["network"].startswith(EXACT) else 1e-5


@pytest.mark.parametrize(("start", "name", "subject", "movie"), cases())
def test_the_workflow_gives_the_published_scores(finished, start, name, subject, movie):
    about = golden(name)
    rows = rows_of(finished(start), about, subject, movie)
    areas = about["areas"][: rows["area"].nunique()]
    assert set(rows["area"]) == set(areas)
    expected = np.array(about.get("scores_float64_average_ranks", about["scores"]), np.float64)[..., : len(areas)]
    if "--shuffle" in about["command"] or "--replace " in about["command"]:
        best = rows[rows["trial"] == 0].set_index("area").loc[areas]
        if "--best-layer" in about["command"]:
            assert best["layer"].tolist() == about["layer_of_area"][: len(areas)]
        else:  # the workflow scores best layers alone
            expected = expected[:, best["layer_index"].astype(int), range(len(areas))]
        axes = ["trial"]
    elif "network" not in about:
        axes = ["trial"]
    else:
        if about["layers"]:
            assert rows["layer"].drop_duplicates().tolist() == about["layers"]
        axes = ["trial", "layer_index"] if expected.ndim == 3 else ["layer_index"]
    values = rows.pivot(index=axes, columns="area", values="value")[areas].to_numpy()
    if axes[0] == "trial":  # a study of more runs may draw more trials, or fewer, of the same stream
        values = values.reshape(-1, *expected.shape[1:])
        n_trials = min(len(values), len(expected))
        assert n_trials >= 2
        values, expected = values[:n_trials], expected[:n_trials]
    assert_allclose(values, expected, rtol=0, atol=tolerance(about))


def test_a_network_that_sees_frames_alone_scores_every_shuffle_as_the_original(finished):
    """The published run shuffled in windows of 6 frames; its scores depend on no window."""
    about = golden("lorafb_snet18_imagenet_shuffle6_best")
    rows = pd.read_csv(finished(quick) / "scores/still/m24/shuffle.csv")
    values = rows.pivot(index="trial", columns="area", values="value")[about["areas"][:2]]
    expected = np.array(about["scores_float64_average_ranks"])[0, :2]
    assert_allclose(values, np.tile(expected, (3, 1)), rtol=0, atol=1e-9)


def test_trials_show_the_published_draws(finished):
    """Chaos depends on the order alone, so it names the order that a row is of."""
    rows = pd.read_csv(finished(quick) / "scores/snet/m57/shuffle.csv")
    orders = np.array(golden("lorafb_snet18_shuffle10_best")["draws"]["shuffle_index"])
    moved = orders - np.arange(orders.shape[1])
    chaos = 6 * (moved**2).sum(axis=1) / (orders.shape[1] ** 3 - orders.shape[1])
    assert_allclose(rows["chaos"], np.repeat(chaos, 2), rtol=0, atol=1e-12)
    replaced = pd.read_csv(finished(quick) / "scores/snet/m57/replace.csv")
    assert set(replaced["ratio"]) == {1 / 5}


def test_every_golden_run_is_in_a_study():
    covered = {case.values[1] for case in cases()} | NOT_IN_THE_WORKFLOW
    assert covered == set(NAMES)
