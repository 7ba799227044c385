"""Put all scores of the study into one table, which pandas alone reads."""

from pathlib import Path

from lorafb.artefacts import tables
from lorafb.experiments import study_table
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)
    tables.write(study_table.read(map(Path, job.input)), job.output[0], made_by)
