"""Make a movie's frames, or decode them."""

from lorafb.artefacts import stimuli
from lorafb.job import provenance, start
from lorafb.stimuli.from_config import stimulus

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    stimuli.write(stimulus(job.params.stimulus, job.input), job.output[0], made_by)
