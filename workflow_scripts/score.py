"""Score a network's layers against every area: the original movie and its clips."""

from lorafb.artefacts import grams, recordings, tables
from lorafb.experiments.base import score_base
from lorafb.experiments.cortex_side import area_side, responsive_units
from lorafb.experiments.table import Labels
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told = job.params
    recorded = [recordings.read(path) for path in job.input.recordings]
    areas = [area_side(one, responsive_units(one, told.units["min_rate"])) for one in recorded]
    scores = score_base(
        grams.read(job.input.gram),
        areas,
        Labels(told.labels["network"], told.labels["training"], job.wildcards.movie),
        metrics.load(told.metric, ties=told.ties),
        told.clip["lengths"],
        told.clip["trials"],
        told.draws,
        told.seed,
        told.units["skip_frames"],
    )
    tables.write(scores, job.output[0], provenance(job))
