"""Show a network its movie with frames shuffled, or replaced by noise, inside windows: products of each trial's layers."""

import torch

from lorafb import trials
from lorafb.artefacts import grams
from lorafb.features.perturbed import opened, replaced, shuffled
from lorafb.features.subject import restore
from lorafb.job import progress, provenance, start, threads
from lorafb.networks.device import device

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    torch.set_num_threads(threads(job, told.compute["threads"]))
    model, feed = restore(told.subject, job.input.weights)
    how = {
        "memory_bytes": told.compute["memory_mb"] * 2**20 // 2,
        "device": device(told.compute["device"]),
        "progress": progress("frames"),
    }
    with opened(job.input.stimulus, job.input.noises, told.size, feed) as (movie, *noises):
        drawn = (
            movie.n_frames,
            int(job.wildcards.window),
            told.trials["trials"],
            told.trials["draws"],
            told.trials["seed"],
        )
        if job.wildcards.experiment == "shuffle":
            passes = shuffled(model, told.layers, movie, trials.shuffled_orders(*drawn), feed, **how)
        else:
            kinds = dict(zip(told.trials["kinds"], noises, strict=True))
            passes = replaced(model, told.layers, movie, kinds, trials.replaced_frames(*drawn), feed, **how)
        grams.write_trials(job.output[0], made_by, passes)
