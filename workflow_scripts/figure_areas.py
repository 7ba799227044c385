"""Draw how alike the areas are among themselves."""

from pathlib import Path

from lorafb.artefacts import tables
from lorafb.figures import matrices, style
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told = job.params
    shown = matrices.areas_shown(tables.read(job.input.similarities))
    caption = matrices.areas_caption(shown, told.splits, told.note)
    style.write(matrices.areas_figure(shown, told.title), shown, caption, Path(job.output[0]), provenance(job))
