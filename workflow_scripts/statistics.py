"""Intervals, lag-controlled scores and ceilings of all subjects on a movie, and the differences between them."""

from lorafb.artefacts import grams, responses, tables, truths
from lorafb.experiments.areas import check_frames
from lorafb.experiments.replicates import LAG_ONLY, Movie
from lorafb.experiments.statistics import pairs, summarise
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    areas, rates = [responses.read(path) for path in job.input.responses], truths.read(job.input.truths)
    true_rates = {area.area: truths.of_units(rates, area.units["unit_id"]) for area in areas} if rates else None
    movie = Movie(areas, params.controls, seed=params.seed, truths=true_rates)
    networks, layers = {LAG_ONLY: movie.score_lag_only()}, {LAG_ONLY: ["lag"]}
    for subject, path in zip(params.subjects, job.input.grams, strict=True):
        with grams.opened(path) as made:
            check_frames(areas, len(made.order))
            networks[subject], layers[subject] = movie.score(made.layers), list(made.layers)
    tables.write(summarise(networks, layers, movie, tables.read(job.input.ceilings)), job.output.scores, made_by)
    tables.write(pairs(networks, movie), job.output.pairs, made_by)
