"""Show a stimulus to a network once: products of every layer, features of those that are kept."""

from pathlib import Path

import torch

from lorafb.artefacts import grams, stimuli
from lorafb.features.passes import movie_pass
from lorafb.features.prepare import frame_source
from lorafb.features.store import kept_features
from lorafb.features.subject import restore
from lorafb.job import progress, provenance, start, threads
from lorafb.networks.device import device

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    torch.set_num_threads(threads(job, told.compute["threads"]))
    model, feed = restore(told.subject, job.input.weights)
    with stimuli.opened(job.input.stimulus) as movie, kept_features(job.output.get("features"), made_by) as kept:
        source = frame_source(movie, told.size, feed.normalisation)
        layers = movie_pass(
            model,
            told.layers,
            source,
            source.n_frames,
            feed,
            Path(job.output.gram).parent,
            kept=kept,
            keep=told.keep,
            device=device(told.compute["device"]),
            memory_bytes=told.compute["memory_mb"] * 2**20 // 4,
            progress=progress("frames"),
        )
    grams.write(layers, job.output.gram, made_by)
