"""Make a noise movie whose frames will replace some of a movie's."""

from lorafb.artefacts import stimuli
from lorafb.job import provenance, start
from lorafb.stimuli.source import noise_movie

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    with stimuli.opened(job.input.stimulus) as movie:
        made = noise_movie(job.wildcards.kind, movie, job.params.seed, job.input.photographs)
    stimuli.write(made, job.output[0], provenance(job))
