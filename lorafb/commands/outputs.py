"""The tidy table of a command, written whole and at the end, and the published layout of bare arrays.

Original scores in the folder are used again only when they are of the same files, settings and code: best layers of another
checkpoint with the same name would look like any others.
"""

import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import Provenance, sidecar, verify
from lorafb.cortex.published_counts import AREAS
from lorafb.experiments.table import Labels, typed
from lorafb.files import InputError, whole
from lorafb.trials import Trial

TABLE = "scores.csv"
SETTINGS = ("model", "network", "train_dataset", "entry", "metric", "ties", "device", "threads")
"""Parameters that original scores depend on."""


def check_folder(folder: Path) -> None:
    """Raise InputError where `folder`, which need not exist yet, cannot take files."""
    parent = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryDirectory(dir=parent, prefix=".lorafb."):
            return
    except OSError as error:
        raise InputError(f"--output-dir {folder}: {parent} takes no files ({error.strerror})") from None


def write(scores: pd.DataFrame, folder: Path, provenance: Provenance) -> Path:
    """Write the table of scores into the output folder; returns its path."""
    tables.write(scores, folder / TABLE, provenance)
    return folder / TABLE


def known_original(
    folder: Path, original: Trial, labels: Labels, metric: str, provenance: Provenance
) -> pd.DataFrame | None:
    """Find a network's scores on the original movie in the output folder.

    Parameters
    ----------
    folder : Path
    original : Trial
        The whole movie, or all scenes.
    labels : Labels
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
        then, table = verify(path), typed(tables.read(path))
    except ValueError:  # it was changed since: the scores are made anew and the table is rewritten
        return None
    past, now = then.get("parameters", {}), provenance.parameters
    same = all(past.get(key) == now[key] for key in SETTINGS) and then.get("code") == provenance.code
    if not same or not provenance.inputs.items() <= dict(then.get("inputs", {})).items():
        return None
    wanted = {"experiment": original.experiment, **vars(labels), "metric": metric}
    rows = table[np.logical_and.reduce([table[column] == value for column, value in wanted.items()])]
    return None if rows.empty else rows.reset_index(drop=True)


def write_published(scores: pd.DataFrame, args: Namespace) -> None:
    """Write scores as the published programs do: one array for the original run, one for the ablation.

    Parameters
    ----------
    scores : DataFrame
        Tidy scores of a run.
    args : Namespace
        Options of the command.

    Notes
    -----
    `METRIC/DATASET/TRAINING/[stimulus_...]/[best_layer]/.../NAME[_NUMBER].npy`, float64 [trial, layer, area], without the
    axes that a run does not have.
    """
    root = args.output_dir / args.metric / args.neural_dataset / args.train_dataset
    name = args.model_name or args.model
    whole_movie = scores["experiment"].isin(["original", "scenes"])
    if whole_movie.any():
        save(array(scores[whole_movie], ["layer_index"]), root / f"{name}.npy")
    ablated = scores[~whole_movie]
    if ablated.empty:
        return
    kind = ablated["experiment"].iloc[0]
    ablation = {"shuffle": "stimulus_shuffle", "replace": f"stimulus_replace_{args.replace_type}"}.get(kind, "")
    part = {"clip": "stimulus_clip", "front": "stimulus_front"}.get(kind, "")
    number = args.window or args.clip_len or args.front_len
    axes = ([] if kind == "front" else ["trial"]) + ([] if args.best_layer else ["layer_index"])
    path = root / ablation / ("best_layer" if args.best_layer else "") / part / f"{name}_{number}.npy"
    save(array(ablated, axes), path)


def array(scores: pd.DataFrame, axes: Sequence[str]) -> NDArray[np.float64]:
    """Array of scores along columns of their table, areas last in published order; each cell must be there once."""
    place = {area: index for index, area in enumerate(AREAS)}
    ordered = scores.assign(area=scores["area"].map(place)).sort_values([*axes, "area"])
    shape = [ordered[axis].nunique() for axis in axes]
    values: NDArray[np.float64] = ordered["value"].to_numpy(np.float64).reshape(*shape, len(AREAS))
    return values


def save(values: NDArray[np.float64], path: Path) -> None:
    """Write a bare array whole."""
    with whole(path) as temporary:
        np.save(temporary, values)
