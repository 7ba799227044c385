"""Count the units of every area: recorded, selected, in how many sessions."""

from lorafb.artefacts import recordings, tables
from lorafb.experiments.areas import units_table
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    table = units_table([recordings.read(path) for path in job.input.recordings], job.params.selection)
    tables.write(table, job.output[0], made_by)
