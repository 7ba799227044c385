"""Select the units of one area that scores use, with their Gram matrix and ranks."""

from lorafb.artefacts import recordings, responses
from lorafb.experiments.areas import select_units
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    selected = select_units(recordings.read(job.input[0]), job.params.selection, job.params.ties)
    responses.write(selected, job.output[0], made_by)
