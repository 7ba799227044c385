"""Stages of the study in the order they run, and what each is in plain words. A stage is a rule, by its log's folder."""

from pathlib import Path

NAMES = {
    "asset": "fetching files",
    "stimulus": "making stimuli",
    "prepared_stimulus": "reading prepared stimuli",
    "noise": "making noise movies",
    "simulate_session": "simulating mice",
    "count_spikes": "counting spikes",
    "recording": "joining sessions of an area",
    "units": "counting units",
    "select_units": "selecting units",
    "training_set": "checking training sets",
    "video_frames": "writing frames of videos",
    "checkpoint": "preparing checkpoints",
    "train": "training networks",
    "extract": "showing movies to networks",
    "perturbed": "showing perturbed movies to networks",
    "with_noise": "showing noise movies to networks",
    "ceiling": "noise ceilings",
    "areas": "comparing areas",
    "score_base": "scores",
    "score_scenes": "scores on still scenes",
    "score_perturbed": "scores on shuffled movies and replaced frames",
    "statistics": "intervals and tests",
    "psth": "responses over time",
    "figure": "figures",
    "figure_areas": "figures of areas",
    "figure_frames": "figures of frames",
    "table": "tables",
    "report": "the report",
}


def of(path: Path) -> str:
    """Stage of a job, from its log or benchmark below `results/logs` or `results/benchmarks`."""
    return path.parts[0].partition(".")[0]


def name(stage: str) -> str:
    """Plain words for a stage; one that is not listed here has its rule's name."""
    return NAMES.get(stage, stage)


def order(stage: str) -> tuple[int, str]:
    """Sort stages as the workflow goes, those not listed last."""
    return (list(NAMES).index(stage) if stage in NAMES else len(NAMES), stage)
