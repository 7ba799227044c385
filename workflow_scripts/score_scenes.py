"""Score a network's layers against every area on still scenes."""

from lorafb import trials
from lorafb.artefacts import grams, responses, tables
from lorafb.experiments.areas import check_frames
from lorafb.experiments.score import score
from lorafb.experiments.table import Labels
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    params, made = job.params, grams.read(job.input.gram)
    areas = [responses.read(path) for path in job.input.responses]
    check_frames(areas, len(made.order))
    compared = [metrics.load(name, ties=params.ties) for name in params.metrics]
    labels = Labels(**params.labels, movie=job.wildcards.movie)
    scores = score([(trials.scenes(len(made.order)), made)], areas, compared, labels)
    tables.write(scores.assign(**params.replicate), job.output[0], made_by)
