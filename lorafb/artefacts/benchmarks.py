"""Benchmarks of jobs, as Snakemake writes them, and the stages that they belong to. A stage is a rule, by its log's folder."""

import csv
from dataclasses import dataclass
from pathlib import Path

from lorafb.files import InputError, found

STAGES = {
    "asset": "fetching files",
    "stimulus": "making stimuli",
    "prepared_stimulus": "reading prepared stimuli",
    "noise": "making noise movies",
    "prepared_noise": "reading prepared noise movies",
    "simulate_session": "simulating mice",
    "count_spikes": "counting spikes",
    "count_tables": "counting spikes",
    "recording": "joining sessions of an area",
    "units": "counting units",
    "training_set": "checking training sets",
    "video_frames": "writing frames of videos",
    "checkpoint": "preparing checkpoints",
    "train": "training networks",
    "training_curves": "curves of trainings",
    "extract": "showing movies to networks",
    "perturbed": "showing perturbed movies to networks",
    "with_noise": "showing noise movies to networks",
    "ceiling": "noise ceilings",
    "areas": "comparing areas",
    "select_units": "selecting units",
    "score_base": "scores",
    "score_scenes": "scores on still scenes",
    "score_perturbed": "scores on perturbed movies",
    "statistics": "intervals and tests",
    "psth": "responses over time",
    "figure": "figures",
    "figure_areas": "figures of areas",
    "figure_frames": "figures of frames",
    "table": "tables",
    "study_table": "one table of all scores",
    "report": "the report",
}
"""Stages of the study in the order they run, in plain words."""


def stage_of(path: Path) -> str:
    """Stage of a job, from its log or benchmark below `results/logs` or `results/benchmarks`."""
    return path.parts[0].partition(".")[0]


def stage_name(stage: str) -> str:
    """Plain words for a stage; one that is not listed here has its rule's name."""
    return STAGES.get(stage, stage)


def stage_order(stage: str) -> tuple[int, str]:
    """Sort stages as the workflow runs them, those not listed last."""
    return (list(STAGES).index(stage) if stage in STAGES else len(STAGES), stage)


@dataclass(frozen=True)
class Benchmark:
    """What one job took.

    Attributes
    ----------
    stage : str
    seconds : float
        From start to end.
    cpu_seconds : float
        Of all its threads.
    memory_mb : float
        Largest resident memory.
    """

    stage: str
    seconds: float
    cpu_seconds: float
    memory_mb: float


def read(results: Path, since: float = 0.0) -> dict[Path, Benchmark]:
    """Read the benchmarks of a folder of results that ended after a moment (seconds since 1970).

    Returns
    -------
    dict from path, below `benchmarks`, to Benchmark

    Raises
    ------
    InputError
        If a file is not a benchmark.
    """
    folder = results / "benchmarks"
    files = [path for path in found(folder, "**/*.tsv") if path.stat().st_mtime >= since]
    return {path.relative_to(folder): _read(path, stage_of(path.relative_to(folder))) for path in files}


def _read(path: Path, stage: str) -> Benchmark:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        # a job that ended before it was measured has no number
        numbers = (0.0 if row[key] in ("NA", "-") else float(row[key]) for key in ("s", "cpu_time", "max_rss"))
        return Benchmark(stage, *numbers)
    except (StopIteration, KeyError, ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: not a benchmark of Snakemake's ({type(error).__name__}: {error}); delete it"
        ) from None
