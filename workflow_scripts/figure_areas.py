"""Draw how similar the areas are to each other."""

from pathlib import Path

from lorafb.artefacts import tables
from lorafb.figures import matrices, style
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    params = job.params
    scores, warning = tables.read(job.input.similarities), style.mark(params.simulated, params.miniature)
    drawn = matrices.areas(scores, params.title, params.metric, params.splits, params.note)
    style.write(drawn, Path(job.output[0]), made_by, warning)
