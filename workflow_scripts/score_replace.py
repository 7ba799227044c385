"""Score each area's best layer on the movie whose frames were replaced by noise, one a window."""

from lorafb.artefacts import grams, recordings, tables
from lorafb.experiments.best import best_of
from lorafb.experiments.cortex_side import sides
from lorafb.experiments.replace import score_replacements
from lorafb.experiments.table import Labels
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    still = told.feed == "still"
    files = (
        dict.fromkeys(told.windows, job.input.passes[0])
        if still
        else dict(zip(told.windows, job.input.passes, strict=True))
    )
    scores = score_replacements(
        lambda window, trial, layers: grams.read_trial(files[window], trial, layers),
        sides([recordings.read(path) for path in job.input.recordings], told.selection),
        Labels(told.labels["network"], told.labels["training"], job.wildcards.movie),
        metrics.load(told.metric, ties=told.ties),
        best_of(tables.read(job.input.base), told.metric),
        windows=told.windows,
        kinds=told.kinds,
        n_trials=told.trials,
        still=still,
        draws=told.draws,
        seed=told.seed,
        skip_frames=told.selection["skip_frames"],
    )
    tables.write(scores, job.output[0], made_by)
