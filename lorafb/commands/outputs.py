"""Results out, whole and at the end: the tidy table, and the published layout of bare arrays beside it.

Original scores that stand in the folder are used again only when they are of the same files, settings and code: best layers
of another checkpoint under the same name would look like any others.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance, sidecar, verify
from lorafb.commands.plan import Plan
from lorafb.cortex.published_counts import AREAS
from lorafb.experiments.table import typed
from lorafb.files import InputError, whole

TABLE = "scores.csv"
SETTINGS = ("model", "network", "train_dataset", "metric", "ties", "device", "threads")
"""Parameters that original scores depend on."""


@contextmanager
def scratch_near(folder: Path) -> Iterator[Path]:
    """Make a temporary folder on the disk of `folder`, which need not exist yet and is left as it is."""
    standing = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    try:
        temporary = tempfile.TemporaryDirectory(dir=standing, prefix=".lorafb.")
    except OSError as error:
        raise InputError(f"--output-dir {folder}: {standing} takes no files ({error.strerror})") from None
    with temporary as made:
        yield Path(made)


def write(scores: pd.DataFrame, folder: Path, provenance: Provenance) -> Path:
    """Write the table of scores into the output folder; returns its path."""
    tables.write(scores, folder / TABLE, provenance)
    return folder / TABLE


def known_original(folder: Path, plan: Plan, metric: str, provenance: Provenance) -> pd.DataFrame | None:
    """Find a network's scores on the original movie in the output folder.

    Parameters
    ----------
    folder : Path
    plan : Plan
    metric : str
        As the table names it.
    provenance : Provenance
        What such scores would be made from now.

    Returns
    -------
    DataFrame or None
        None where there are none, or of other files, settings or code.
    """
    path = folder / TABLE
    if not path.is_file() or not sidecar(path).is_file():
        return None
    try:
        told, table = verify(path), typed(tables.read(path))
    except ValueError:  # it was changed since: the scores are made anew and the table is rewritten
        return None
    then, now = told.get("parameters", {}), provenance.parameters
    same = all(then.get(key) == now[key] for key in SETTINGS) and told.get("code") == provenance.code
    if not same or not provenance.inputs.items() <= dict(told.get("inputs", {})).items():
        return None
    labels = plan.labels
    wanted = {"experiment": plan.first, "network": labels.network, "training": labels.training, "movie": labels.movie}
    wanted["metric"] = metric
    rows = table[np.logical_and.reduce([table[column] == value for column, value in wanted.items()])]
    return None if rows.empty else rows.reset_index(drop=True)


def write_published(scores: pd.DataFrame, folder: Path, metric: str, plan: Plan) -> None:
    """Write scores as the published programs do: an array each of the original run and of the ablation.

    Parameters
    ----------
    scores : DataFrame
        Tidy scores of a run.
    folder : Path
        Output folder.
    metric : str
        Its published name.
    plan : Plan

    Notes
    -----
    `METRIC/DATASET/TRAINING/[stimulus_...]/[best_layer]/.../NAME[_NUMBER].npy`, float64 [trial, layer, area], without the
    axes that a run does not have.
    """
    root = folder / metric / plan.labels.movie / plan.labels.training
    name = plan.labels.network
    original = scores[scores["experiment"] == plan.first]
    if len(original):
        save(array(original, ["layer_index"]), root / f"{name}.npy")
    if plan.kind == plan.first:
        return
    ablation = {"shuffle": "stimulus_shuffle", "replace": f"stimulus_replace_{plan.replacement}"}.get(plan.kind, "")
    part = {"clip": "stimulus_clip", "front": "stimulus_front"}.get(plan.kind, "")
    number = plan.length if plan.window is None else plan.window
    axes = ([] if plan.kind == "front" else ["trial"]) + ([] if plan.best_layer else ["layer_index"])
    path = root / ablation / ("best_layer" if plan.best_layer else "") / part / f"{name}_{number}.npy"
    save(array(scores[scores["experiment"] == plan.kind], axes), path)


def array(scores: pd.DataFrame, axes: Sequence[str]) -> NDArray[np.float64]:
    """Lay scores out along columns of their table, areas last in published order; each cell must be there once."""
    place = {area: index for index, area in enumerate(AREAS)}
    ordered = scores.assign(area=scores["area"].map(place)).sort_values([*axes, "area"])
    shape = [ordered[axis].nunique() for axis in axes]
    values: NDArray[np.float64] = ordered["value"].to_numpy(np.float64).reshape(*shape, len(AREAS))
    return values


def save(values: NDArray[np.float64], path: Path) -> None:
    """Write a bare array whole."""
    with whole(path) as temporary:
        np.save(temporary, values)
