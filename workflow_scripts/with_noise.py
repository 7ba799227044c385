"""Show a movie and then each noise movie to a network that sees every frame alone."""

from lorafb import trials
from lorafb.artefacts import grams
from lorafb.features.subject import present_trials, resources
from lorafb.job import check_threads, progress, provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    params = job.params
    passes = present_trials(
        params.subject,
        job.input.weights,
        job.input.stimulus,
        dict(zip(params.kinds, job.input.noises, strict=True)),
        lambda n_frames: [trials.with_noise(n_frames, kind) for kind in params.kinds],
        layers=params.layers,
        size=params.size,
        ranked=params.ranked,
        progress=progress("frames"),
        **resources(check_threads(job, params.compute)),
    )
    grams.write_trials(job.output[0], made_by, passes)
