"""Show a network its movie with frames shuffled, or replaced by noise, inside windows: Gram matrices of each trial."""

from functools import partial

from lorafb import trials
from lorafb.artefacts import grams
from lorafb.features.subject import present_trials, resources
from lorafb.job import check_threads, progress, provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    params = job.params
    window, feed = int(job.wildcards.window), params.subject["feed"]["kind"]
    drawn = partial(trials.perturbed, job.wildcards.experiment, window=window, feed=feed, **params.trials)
    passes = present_trials(
        params.subject,
        job.input.weights,
        job.input.stimulus,
        dict(zip(params.trials["kinds"], job.input.noises, strict=True)),
        drawn,
        layers=params.layers,
        size=params.size,
        ranked=params.ranked,
        progress=progress("frames"),
        **resources(check_threads(job, params.compute)),
    )
    grams.write_trials(job.output[0], made_by, passes)
