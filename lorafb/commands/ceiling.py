"""`lorafb ceiling`: random halves of each area's units against each other, as the published program splits them."""

from argparse import Namespace
from pathlib import Path

import pandas as pd

from lorafb import code, trials
from lorafb.artefacts.provenance import Provenance
from lorafb.commands import inputs, outputs
from lorafb.experiments.ceiling import score_ceilings, score_clip_ceilings
from lorafb.experiments.ceiling import summary as summarised
from lorafb.files import InputError

SPLITS = 100


def run(told: Namespace) -> None:
    """Score the ceilings of all areas and write them.

    Raises
    ------
    InputError
        One line; nothing is written.
    """
    cortex = inputs.cortex(told.neural_dataset_dir, told.neural_dataset)
    starts = _clips(told, cortex)
    parameters = {name: getattr(told, name) for name in ("neural_dataset", "metric", "ties", "draws", "clip_len")}
    parameters |= {"clips": None if starts is None else len(starts), "splits": SPLITS, "seed": trials.PUBLISHED_SEED}
    made_by = Provenance(inputs.digests(cortex.files), parameters, code.digest(Path(__file__)))

    shared = {"n_splits": SPLITS, "ties": told.ties, "draws": told.draws}
    if starts is None:
        skipped = 0 if cortex.scenes else 1
        scores = score_ceilings(cortex.areas, told.neural_dataset, **shared, skip_frames=skipped)
    else:
        scores = score_clip_ceilings(cortex.areas, told.neural_dataset, starts, told.clip_len, **shared)
    with outputs.scratch_near(told.output_dir):
        path = outputs.write(scores, told.output_dir, made_by)
    if told.legacy_output:
        _write_published(scores, told)
    print(f"{summary(scores)}\n{len(scores)} scores in {path}")


def summary(scores: pd.DataFrame) -> str:
    """Say for each area the mean over splits, and the standard deviation over them, which is no standard error."""
    lines = [
        f"{row.area:6} {row.half:.4f}  sd over splits {row.sd_over_splits:.4f}"
        for row in summarised(scores).itertuples()
    ]
    return "\n".join(lines)


def _clips(told: Namespace, cortex: inputs.Cortex) -> trials.IntArray | None:
    if told.clip_len is None:
        return None
    if cortex.scenes:
        raise InputError(f"--clip-len: {told.neural_dataset} are unrelated images, which have no order")
    try:
        return trials.clip_starts(cortex.n_frames, told.clip_len, told.trial_for_clip, told.draws)
    except ValueError as error:
        raise InputError(f"--clip-len: {error}") from None


def _write_published(scores: pd.DataFrame, told: Namespace) -> None:
    """Write the published array, [split, area] or [clip, split, area]."""
    folder = told.output_dir / told.metric / told.neural_dataset / "neural"
    values = outputs.array(scores, ["trial"])
    if told.clip_len is None:
        outputs.save(values, folder / "ceiling_half_neuron.npy")
        return
    by_clip = values.reshape(-1, SPLITS, values.shape[-1])
    outputs.save(by_clip, folder / f"stimulus_clip_ceiling_half_neuron_{told.clip_len}.npy")
