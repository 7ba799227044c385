"""Score a network's layers against every area: the original movie, its clips and fronts, and a regression."""

from lorafb.artefacts import grams, recordings, tables
from lorafb.experiments.base import score_base
from lorafb.experiments.cortex_side import sides
from lorafb.experiments.table import Labels
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    scores = score_base(
        grams.read(job.input.gram),
        sides([recordings.read(path) for path in job.input.recordings], told.selection),
        Labels(told.labels["network"], told.labels["training"], job.wildcards.movie),
        metrics.load(told.metric, ties=told.ties),
        clips=told.clip["lengths"],
        n_clips=told.clip["trials"],
        fronts=told.front["lengths"],
        chunk=told.chunk,
        others=[metrics.load("regression")] if told.regression else [],
        draws=told.draws,
        seed=told.seed,
        skip_frames=told.selection["skip_frames"],
    )
    tables.write(scores, job.output[0], made_by)
