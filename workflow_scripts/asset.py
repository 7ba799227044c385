"""Fetch a file that a study needs and nobody has put in its place yet."""

from pathlib import Path

from lorafb.fetch import assets, registry
from lorafb.job import progress, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    folder = Path(job.params.folder)
    assets.fetch(registry.find(str(Path(job.output[0]).relative_to(folder))), folder, progress("bytes"))
