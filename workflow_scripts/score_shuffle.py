"""Score each area's best layer on the movie whose frames were shuffled inside windows."""

from lorafb.artefacts import grams, recordings, tables
from lorafb.experiments.best import best_of
from lorafb.experiments.cortex_side import sides
from lorafb.experiments.shuffle import score_shuffles
from lorafb.experiments.table import Labels
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    files = dict(zip(told.windows, job.input.passes, strict=False))  # none where the network sees frames alone
    original = grams.read(job.input.original[0]) if job.input.original else {}  # of such a network alone
    scores = score_shuffles(
        lambda window, trial, layers: grams.read_trial(files[window], str(trial), layers),
        original,
        sides([recordings.read(path) for path in job.input.recordings], told.selection),
        Labels(told.labels["network"], told.labels["training"], job.wildcards.movie),
        metrics.load(told.metric, ties=told.ties),
        best_of(tables.read(job.input.base), told.metric),
        windows=told.windows,
        n_trials=told.trials,
        feed=told.feed,
        draws=told.draws,
        seed=told.seed,
        skip_frames=told.selection["skip_frames"],
    )
    tables.write(scores, job.output[0], made_by)
