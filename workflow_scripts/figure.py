"""Draw one figure of the catalogue."""

from pathlib import Path

from lorafb.figures import figure_data, style
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by, data = provenance(job), figure_data.read(job.input, job.params.data)
    drawn = figure_data.function(job.params.make)(data)
    style.write(drawn, Path(job.output[0]), made_by, data.mark)
