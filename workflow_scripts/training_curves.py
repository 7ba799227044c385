"""Draw the course of a training."""

from pathlib import Path

from lorafb.artefacts import tables
from lorafb.figures import style
from lorafb.figures.training_curves import training_curves
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    epochs, (result,) = tables.read(job.input.epochs), tables.read(job.input.result).to_dict("records")
    drawn = training_curves(epochs, params.title, result["chance"])
    style.write(drawn, Path(job.output[0]).with_suffix(""), made_by)
