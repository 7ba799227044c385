"""Score each area's best layer on the movie whose frames were shuffled, or replaced by noise, inside windows."""

from itertools import chain

from lorafb import trials
from lorafb.artefacts import grams, responses, tables
from lorafb.experiments.best import best_of_metrics
from lorafb.experiments.score import parts_of, score
from lorafb.experiments.table import Labels
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    params, areas = job.params, [responses.read(path) for path in job.input.responses]
    compared = [metrics.load(name, ties=params.ties) for name in params.metrics]
    best, layers = best_of_metrics(tables.read(job.input.base), compared)
    passes = chain.from_iterable(grams.read_trials(path, layers) for path in job.input.passes)
    if params.still:  # the passes hold every frame once; trials are composed from them
        drawn = [
            trial
            for window in params.windows
            for trial in trials.perturbed(job.wildcards.experiment, areas[0].n_frames, window, "still", **params.trials)
        ]
        passes = chain.from_iterable(parts_of(made, trial.alike(drawn), "still") for trial, made in passes)
    scored = ((trial.after(areas[0].skip_frames), made) for trial, made in passes)
    scores = score(scored, areas, compared, Labels(**params.labels, movie=job.wildcards.movie), best)
    tables.write(scores.assign(**params.replicate), job.output[0], made_by)
