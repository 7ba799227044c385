"""Draw how alike a network finds every pair of frames, layer by layer."""

from pathlib import Path

import numpy as np

from lorafb.artefacts import grams, stimuli
from lorafb.experiments.rsm import correlations
from lorafb.figures import matrices, style
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told = job.params
    similarity = {
        name: correlations(layer, np.arange(layer.n_frames))
        for name, layer in grams.read(job.input.gram).layers.items()
    }
    with stimuli.opened(job.input.stimulus) as movie:
        rate_hz = movie.rate_hz
    figure = matrices.frames_figure(similarity, rate_hz, told.title)
    shown, caption = matrices.frames_shown(similarity, rate_hz), matrices.frames_caption(similarity, rate_hz)
    style.write(figure, shown, caption, Path(job.output[0]), provenance(job))
