"""Show a stimulus to a network once: Gram matrices of every layer, and the features of the layers that are to be kept."""

import numpy as np

from lorafb.artefacts import grams, stimuli
from lorafb.features.passes import show
from lorafb.features.prepare import frame_source
from lorafb.features.store import kept_features
from lorafb.features.subject import resources, restore
from lorafb.job import check_threads, progress, provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    how = resources(check_threads(job, params.compute))
    model, feed = restore(params.subject, job.input.weights)
    with stimuli.opened(job.input.stimulus) as movie:
        source = frame_source(movie, params.size, feed.normalisation)
        how |= {"ranked": params.ranked, "kept": params.keep, "progress": progress("frames")}
        with kept_features(job.output.get("features"), source.n_frames, made_by) as keep:
            order = np.arange(source.n_frames)
            (made,) = show(model, params.layers, source, [order], feed, keep=keep, **how)
    grams.write(made, job.output.gram, made_by)
