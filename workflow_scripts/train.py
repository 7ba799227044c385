"""Train a subject on the embedded task; a killed training goes on where it stopped."""

import pandas as pd
import torch

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import sealed
from lorafb.job import progress, provenance, start, threads
from lorafb.networks import catalogue, checkpoint
from lorafb.networks.checkpoint import Checkpoint
from lorafb.networks.device import device
from lorafb.training.epoch_log import EpochLog
from lorafb.training.motion_training import train_on_motion
from lorafb.training.ranks import launch
from lorafb.training.settings import Motion

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    torch.set_num_threads(threads(job, params.threads))
    torch.use_deterministic_algorithms(True)
    network, training = catalogue.from_params(params.subject["network"]), params.subject["training"]
    trained = launch(
        train_on_motion,
        params.get("processes", 1),
        network,
        training,
        Motion(**params.recipe),
        params.source["seed"],
        params.resume,
        photographs=job.input.photographs,
        code=params.code,
        device=str(device(params.device)),
        progress=progress("clips"),
        on_epoch=EpochLog(params.shown),
    )
    weights = Checkpoint(network.name, training, trained.meta["classes"], trained.state_dict, trained.meta)
    with sealed(job.output.weights, made_by) as temporary:
        checkpoint.write(temporary, weights)
    tables.write(pd.DataFrame([trained.result]), job.output.result, made_by)
    tables.write(pd.DataFrame(trained.epochs), job.output.epochs, made_by)
