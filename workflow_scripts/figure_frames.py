"""Draw the correlation of every pair of frames in a network, layer by layer."""

from pathlib import Path

import numpy as np

from lorafb.artefacts import grams, stimuli
from lorafb.experiments.rsm import correlations
from lorafb.figures import matrices, style
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    layers = grams.read(job.input.gram).layers
    rsms = {name: correlations(layer, np.arange(layer.n_frames)) for name, layer in layers.items()}
    with stimuli.opened(job.input.stimulus) as movie:
        rate_hz = movie.rate_hz
    style.write(matrices.frames(rsms, rate_hz, job.params.title), Path(job.output[0]), made_by)
