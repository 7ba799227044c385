"""Count the units of every area: found, kept, of how many sessions."""

from lorafb.artefacts import recordings, tables
from lorafb.experiments.cortex_side import units_table
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    recorded = [recordings.read(path) for path in job.input.recordings]
    tables.write(units_table(recorded, job.params.selection), job.output[0], provenance(job))
