"""Score a network's layers against every area: the original movie, its clips and its fronts."""

from lorafb import trials
from lorafb.artefacts import grams, responses, tables
from lorafb.experiments.areas import check_frames
from lorafb.experiments.score import parts_of, score
from lorafb.experiments.table import Labels, joined
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    params, made = job.params, grams.read(job.input.gram)
    areas = [responses.read(path) for path in job.input.responses]
    check_frames(areas, len(made.order))
    clip, front = params.clip, params.front
    drawn = trials.base(
        len(made.order),
        clip["lengths"],
        clip["trials"],
        front["lengths"],
        params.draws,
        params.seed,
        areas[0].skip_frames,
    )
    labels = Labels(**params.labels, movie=job.wildcards.movie)
    scores = []
    for experiment in dict.fromkeys(one.experiment for one in drawn):  # a job's description sorts the keys of params
        names = params.metrics[experiment]
        parts = parts_of(made, [one for one in drawn if one.experiment == experiment], params.feed, params.chunk)
        scores.append(score(parts, areas, [metrics.load(name, ties=params.ties) for name in names], labels))
    tables.write(joined(scores).assign(**params.replicate), job.output[0], made_by)
