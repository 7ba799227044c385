"""Seeded mistakes: each is one edit of a copy of the repository, and the tests named beside it must fail there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PARTS = [
    "Snakefile",
    "config.yaml",
    "config",
    "rules",
    "workflow_scripts",
    "profiles",
    "envs",
    "lorafb",
    "data",
    "tests",
]
PARTS += ["pyproject.toml"]

pytestmark = pytest.mark.slow

GOLDENS = "tests/workflow/test_workflow_goldens.py::test_the_workflow_gives_the_published_scores"
KNOWN = "tests/workflow/test_known_answers.py"
SHUFFLED = f"{KNOWN}::test_scores_of_a_shuffled_movie_are_those_of_the_movie_shown_in_that_order"
REPLACED = f"{KNOWN}::test_scores_of_a_movie_with_replaced_frames_are_those_of_the_movie_shown_so"
STATISTICS = f"{KNOWN}::test_statistics_of_every_area_and_of_their_mean"
REGRESSION = f"{KNOWN}::test_regression_and_the_typical_unit_of_each_area"
STILL = f"{GOLDENS}[quick-lorafb_snet18_imagenet_replace_gaussian5_best]"
TRIALS = "tests/test_trials.py"
BEST = "tests/experiments/test_best_layers.py"


class Mistake(NamedTuple):
    """One edit of one file, and the tests that notice it."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MISTAKES = [
    Mistake(
        "passes are read in reverse order",
        "lorafb/artefacts/grams.py",
        "made = _read(group, layers)",
        "made = _read(file[str(len(file) - 1 - int(place))], layers)",
        SHUFFLED,
    ),
    Mistake(
        "another seed where trials are composed",
        "workflow_scripts/score_perturbed.py",
        '"still", **params.trials)',
        '"still", **params.trials | {"seed": 1})',
        STILL,
    ),
    Mistake(
        "trials are presented in reverse order",
        "lorafb/features/passes.py",
        "show(model, layers, source, orders, feed, **how), strict=True)",
        "show(model, layers, source, orders[::-1], feed, **how), strict=True)",
        SHUFFLED,
    ),
    Mistake(
        "chaos of another order",
        "lorafb/trials.py",
        '"trial": k, "chaos": chaos(order)}',
        '"trial": k, "chaos": chaos(np.arange(n_frames))}',
        TRIALS,
    ),
    Mistake(
        "replaced frames are taken from another noise movie",
        "workflow_scripts/perturbed.py",
        'zip(params.trials["kinds"], job.input.noises, strict=True)',
        'zip(params.trials["kinds"], job.input.noises[::-1], strict=True)',
        REPLACED,
    ),
    Mistake(
        "two subjects' grams are exchanged",
        "workflow_scripts/statistics.py",
        "zip(params.subjects, job.input.grams, strict=True)",
        "zip(params.subjects, job.input.grams[::-1], strict=True)",
        STATISTICS,
    ),
    Mistake(
        "frames at the start are left out on one side alone",
        "lorafb/experiments/psth.py",
        "psth = area.summed[frames]",
        "psth = area.summed[: len(frames)]",
        REGRESSION,
    ),
    Mistake(
        "a frame is shifted",
        "lorafb/trials.py",
        "frames = np.arange(skip_frames, n_frames)\n    return Trial",
        "frames = np.arange(skip_frames, n_frames) - 1\n    return Trial",
        TRIALS,
    ),
    Mistake(
        "clips start a frame too early",
        "lorafb/trials.py",
        "skip_frames + start + np.arange(length)",
        "start + np.arange(length)",
        TRIALS,
    ),
    Mistake(
        "a network that sees frames alone loses the first frame shown",
        "lorafb/trials.py",
        'np.argsort(order)[skip_frames:] if feed == "still" else np.arange',
        'np.arange(skip_frames, n_frames) if feed == "still" else np.arange',
        TRIALS,
    ),
    Mistake(
        "a front inside a chunk is taken from the whole movie",
        "lorafb/trials.py",
        "n == len(order) or n % chunk == 0)",
        "n == len(order) or True)",
        TRIALS,
    ),
    Mistake(
        "controls are in the mean",
        "lorafb/experiments/replicates.py",
        "area.area not in {one.lower() for one in controls}",
        "area.area not in set()",
        "tests/experiments/test_movie_statistics.py",
    ),
    Mistake(
        "the worst layer is taken for the best",
        "lorafb/experiments/best.py",
        "np.nanargmax(values)",
        "np.nanargmin(values)",
        BEST,
    ),
    Mistake(
        "a mean over areas leaves one without a score out",
        "lorafb/experiments/summary.py",
        '["value"].agg(lambda values: values.mean(skipna=False))',
        '["value"].agg(lambda values: values.mean())',
        BEST,
    ),
    Mistake(
        "ties are broken by their order",
        "lorafb/similarity/ranks.py",
        "return average_ranks(np.round(correlations, DECIMALS))",
        "return np.argsort(np.argsort(correlations)) + 1.0",
        "tests/similarity/test_tsrsa_score.py",
    ),
    Mistake(
        "units on the bound are left out",
        "lorafb/experiments/areas.py",
        '>= selection["min_rate"]',
        '> selection["min_rate"]',
        "tests/experiments/test_areas.py",
    ),
    Mistake(
        "the scale of sums over still steps is forgotten",
        "lorafb/features/extract.py",
        "values.sum(dim=0, keepdim=True), feed.steps",
        "values.sum(dim=0, keepdim=True), 1",
        "tests/features/test_extract.py",
    ),
    Mistake(
        "packed features lose the last field of their bytes",
        "lorafb/features/held.py",
        "for field in range(8 // self.bits):",
        "for field in range(8 // self.bits - 1):",
        "tests/features/test_passes.py",
    ),
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy of the repository."""
    folder = tmp_path_factory.mktemp("mutants")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def pytest_in(repository, tests):
    """Run tests of the copy, its package first on the path; the finished process."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "slow or not slow",
        *tests,
    ]
    study = repository / "known"  # goes on from one mistake to the next: only what an edit changes runs again
    study.mkdir(exist_ok=True)
    environment = os.environ | {
        "PYTHONPATH": str(repository),
        "PYTHONDONTWRITEBYTECODE": "1",
        "KNOWN_STUDY": str(study),
    }
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)


def test_without_a_mistake_all_of_these_tests_pass(repository):
    done = pytest_in(repository, dict.fromkeys(one.tests for one in MISTAKES))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_a_mistake_fails_a_test(repository, mistake):
    path = repository / mistake.file
    text = path.read_text()
    assert text.count(mistake.old) == 1, f"{mistake.old} does not stand once in {mistake.file}"
    path.write_text(text.replace(mistake.old, mistake.new))
    try:
        done = pytest_in(repository, [mistake.tests])
    finally:
        path.write_text(text)
    assert done.returncode == 1, done.stdout + done.stderr  # 1: tests ran, and some failed
    assert "failed" in done.stdout.splitlines()[-1], done.stdout
