"""Train a subject; a training that was stopped or killed goes on where it was."""

from pathlib import Path

import pandas as pd
import torch

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import sealed
from lorafb.job import progress, provenance, start, threads
from lorafb.networks import catalogue, checkpoint
from lorafb.networks.checkpoint import Checkpoint
from lorafb.networks.device import device
from lorafb.training import recipe, sets
from lorafb.training.epoch_log import EpochLog
from lorafb.training.fit import fit
from lorafb.training.ranks import launch

SAVING_S = 120
"""Time before the end of a job's time at which it saves and stops."""

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    torch.set_num_threads(threads(job, params.threads * params.processes))  # `launch` divides them
    torch.use_deterministic_algorithms(True)
    network, training = catalogue.from_params(params.subject["network"]), params.subject["training"]
    source: sets.Embedded | sets.Files
    if params.set:
        source = sets.of_files(params.set, tables.read(job.input.index), params.recipe)
    else:
        source = sets.embedded(params.recipe, job.input.photographs)
    minutes = getattr(getattr(job, "resources", None), "stop_after_min", 0)
    trained = launch(
        fit,
        params.processes,
        network,
        training,
        source,
        recipe.from_settings(params.recipe),
        params.source["seed"],
        Path(params.resume),
        code=params.code,
        device=str(device(params.device)),
        workers=max(0, job.threads // params.processes - params.threads),
        pretrained=getattr(job.input, "pretrained", None),
        progress=progress("clips"),
        on_epoch=EpochLog(params.shown),
        stop_after_s=max(60, 60 * minutes - SAVING_S) if minutes else None,
    )
    weights = Checkpoint(network.name, training, trained.meta["classes"], trained.state_dict, trained.meta)
    with sealed(job.output.weights, made_by) as temporary:
        checkpoint.write(temporary, weights)
    tables.write(pd.DataFrame([trained.result]), job.output.result, made_by)
    tables.write(pd.DataFrame(trained.epochs), job.output.epochs, made_by)
