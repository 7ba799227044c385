"""Write published tensors, which were prepared for networks by others, as stimulus files: a movie, or its noise movies."""

from lorafb.artefacts import stimuli
from lorafb.features import published_tensors
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    settings, made_by = job.params.stimulus, provenance(job)
    for file, path in zip(job.input, job.output, strict=True):
        movie = published_tensors.stimulus(file, settings["frames"], settings["rate_hz"])
        stimuli.write(movie, path, made_by)
