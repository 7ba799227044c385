"""Show a movie and then each noise movie to a network that sees every frame alone."""

from pathlib import Path

import torch

from lorafb.artefacts import grams
from lorafb.features.perturbed import opened, with_noise
from lorafb.features.subject import restore
from lorafb.job import progress, provenance, start, threads
from lorafb.networks.device import device

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    torch.set_num_threads(threads(job, told.compute["threads"]))
    model, feed = restore(told.subject, job.input.weights)
    with opened(job.input.stimulus, job.input.noises, told.size, feed) as (movie, *noises):
        passes = with_noise(
            model,
            told.layers,
            movie,
            dict(zip(told.kinds, noises, strict=True)),
            feed,
            Path(job.output[0]).parent,
            device=device(told.compute["device"]),
            memory_bytes=told.compute["memory_mb"] * 2**20 // 4,
            progress=progress("frames"),
        )
        grams.write_trials(job.output[0], made_by, passes)
