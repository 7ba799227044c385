"""Draw the similarity of every pair of frames in each layer of a network, and in each area."""

from pathlib import Path

import numpy as np

from lorafb.artefacts import grams, responses, stimuli
from lorafb.experiments.rsm import correlations
from lorafb.figures import matrices, style
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    areas = {style.area_name(area.area): area.gram for area in map(responses.read, job.input.responses)}
    layers = grams.read(job.input.gram).layers
    rsms = {name: correlations(one, np.arange(one.n_frames)) for name, one in {**layers, **areas}.items()}
    with stimuli.opened(job.input.stimulus) as movie:
        rate_hz = movie.rate_hz
    drawn = matrices.frames(rsms, rate_hz, job.params.title, len(areas))
    style.write(drawn, Path(job.output[0]), made_by, style.mark(job.params.simulated, miniature=job.params.miniature))
