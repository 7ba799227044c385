"""Take one unit of each area: its measured PSTH, and the one regressed from the network."""

from lorafb.artefacts import grams, recordings, tables
from lorafb.experiments.best import best_of
from lorafb.experiments.cortex_side import sides
from lorafb.experiments.psth import regressed_units
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    recorded = [recordings.read(path) for path in job.input.recordings]
    table = regressed_units(
        grams.read(job.input.gram),
        sides(recorded, told.selection),
        best_of(tables.read(job.input.base), "regression"),
        recorded[0].n_repeats,
        recorded[0].rate_hz,
        told.selection["skip_frames"],
    )
    tables.write(table, job.output[0], made_by)
