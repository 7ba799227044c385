"""Keep a published tensor, which was prepared for networks by others, as a stimulus file."""

from lorafb.artefacts import stimuli
from lorafb.features import tensor_file
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    settings = job.params.stimulus
    movie = tensor_file.stimulus(job.input[0], settings["frames"], settings["rate_hz"])
    stimuli.write(movie, job.output[0], provenance(job))
