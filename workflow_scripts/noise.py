"""Make the noise movies whose frames will replace some of a movie's."""

from lorafb.artefacts import stimuli
from lorafb.job import provenance, start
from lorafb.stimuli.from_config import noise_movie

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    with stimuli.opened(job.input.stimulus) as movie:
        for kind, path in zip(params.kinds, job.output, strict=True):
            stimuli.write(noise_movie(kind, movie, params.seed, job.input.photographs), path, made_by)
