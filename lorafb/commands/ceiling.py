"""`lorafb ceiling`: random halves of each area's units against each other, as the published program splits them."""

from argparse import Namespace
from pathlib import Path

import pandas as pd

from lorafb import code, draws, trials
from lorafb.artefacts.provenance import Provenance
from lorafb.commands import inputs, outputs
from lorafb.experiments import ceiling
from lorafb.files import InputError

SPLITS = 100


def run(args: Namespace) -> None:
    """Score the ceilings of all areas and write them.

    Raises
    ------
    InputError
        One line; nothing is written.
    """
    areas, files = inputs.areas(args.neural_dataset_dir, args.neural_dataset, args.ties)
    clips: list[trials.Trial] = []
    if args.clip_len is not None:
        if inputs.is_scenes(args.neural_dataset):
            raise InputError(f"--clip-len: {args.neural_dataset} are unrelated images, which have no order")
        try:
            clips = trials.clips(areas[0].n_frames, args.clip_len, args.trial_for_clip, args.draws)
        except ValueError as error:
            raise InputError(f"--clip-len: {error}") from None
    parameters = {name: getattr(args, name) for name in ("neural_dataset", "metric", "ties", "draws", "clip_len")}
    parameters |= {"clips": len(clips) or None, "splits": SPLITS, "seed": draws.PUBLISHED_SEED}
    made_by = Provenance(inputs.digests(files), parameters, code.digest(Path(__file__)))

    outputs.check_folder(args.output_dir)
    if clips:
        scores = ceiling.score_clip_ceilings(areas, clips, SPLITS, args.ties, args.draws)
    else:
        scores = ceiling.score_ceilings(areas, SPLITS, ties=args.ties, mode=args.draws)
    path = outputs.write(scores, args.output_dir, made_by)
    if args.legacy_output:
        _write_published(scores, args)
    print(f"{summary(scores)}\n{len(scores)} scores in {path}")


def summary(scores: pd.DataFrame) -> str:
    """Mean over splits of each area, and the standard deviation over them, which is not a standard error."""
    rows = ceiling.summary(scores).itertuples()
    return "\n".join(f"{row.area:6} {row.half:.4f}  sd over splits {row.sd_over_splits:.4f}" for row in rows)


def _write_published(scores: pd.DataFrame, args: Namespace) -> None:
    """Write the published array, [split, area] or [clip, split, area]."""
    folder = args.output_dir / args.metric / args.neural_dataset / "neural"
    values = outputs.array(scores, ["trial"])
    if args.clip_len is None:
        outputs.save(values, folder / "ceiling_half_neuron.npy")
    else:
        name = f"stimulus_clip_ceiling_half_neuron_{args.clip_len}.npy"
        outputs.save(values.reshape(-1, SPLITS, values.shape[-1]), folder / name)
