"""One unit of each area: its measured PSTH, and the one regressed from the network."""

from lorafb.artefacts import grams, responses, tables
from lorafb.experiments.best import best_of
from lorafb.experiments.psth import regressed_units
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    best = best_of(tables.read(job.input.base), "regression")
    areas = [responses.read(path) for path in job.input.responses]
    tables.write(regressed_units(grams.read(job.input.gram).layers, areas, best), job.output[0], made_by)
