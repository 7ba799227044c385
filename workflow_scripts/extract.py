"""Show a movie to a network once: products of every layer, features of those that are kept."""

from pathlib import Path

import torch

from lorafb.artefacts import grams, stimuli
from lorafb.features.passes import movie_pass
from lorafb.features.prepare import Frames
from lorafb.features.store import kept_features
from lorafb.job import progress, provenance, start, threads
from lorafb.networks import catalogue, checkpoint
from lorafb.networks.device import device

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    torch.set_num_threads(threads(job, told.compute["threads"]))
    network, training = told.subject["network"], told.subject["training"]
    model = checkpoint.restore(checkpoint.read(job.input.weights, network, training))
    movie, feed = stimuli.read(job.input.stimulus), catalogue.feed(network, training)
    with kept_features(job.output.get("features"), made_by) as kept:
        layers = movie_pass(
            model,
            told.layers,
            Frames(movie.frames, told.size, feed.normalisation),
            len(movie.frames),
            feed,
            Path(job.output.gram).parent,
            kept=kept,
            keep=told.keep,
            device=device(told.compute["device"]),
            memory_bytes=told.compute["memory_mb"] * 2**20 // 4,
            progress=progress("frames"),
        )
    grams.write(layers, job.output.gram, made_by)
