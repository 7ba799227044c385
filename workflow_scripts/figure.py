"""Draw one figure of the catalogue."""

from functools import partial
from pathlib import Path

from lorafb.experiments.summary import summarise
from lorafb.figures import material, style
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    read = material.read(job.input, told.contents, partial(summarise, controls=told.contents["controls"]))
    figure, shown, caption = material.function(told.make)(read)
    style.write(figure, shown, caption, Path(job.output[0]), made_by)
