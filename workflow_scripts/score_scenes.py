"""Score a network's layers against every area on still scenes."""

from lorafb.artefacts import grams, recordings, tables
from lorafb.experiments.cortex_side import sides
from lorafb.experiments.scenes import score_scenes
from lorafb.experiments.table import Labels
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    areas = sides([recordings.read(path) for path in job.input.recordings], told.selection)
    labels = Labels(told.labels["network"], told.labels["training"], job.wildcards.movie)
    metric = metrics.load(told.metric, ties=told.ties)
    tables.write(score_scenes(grams.read(job.input.gram), areas, labels, metric), job.output[0], made_by)
