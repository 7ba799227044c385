"""Keep a published tensor, which was prepared for networks by others, as a stimulus file."""

from lorafb.artefacts import stimuli
from lorafb.features import published_tensors
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    settings = job.params.stimulus
    movie = published_tensors.stimulus(job.input[0], settings["frames"], settings["rate_hz"])
    stimuli.write(movie, job.output[0], provenance(job))
