"""Say what the scores of all subjects on a movie are worth: intervals, lag-controlled scores, ceilings, pairs."""

from lorafb.artefacts import grams, recordings, tables, truths
from lorafb.experiments.cortex_side import sides
from lorafb.experiments.replicates import LAG_ONLY, Movie
from lorafb.experiments.statistics import pairs, summarise
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by, name = job.params, provenance(job), job.wildcards.movie
    recorded = [recordings.read(path) for path in job.input.recordings]
    areas = sides(recorded, told.selection)
    rates = truths.read(job.input.truths)
    movie = Movie(
        areas,
        told.selection["controls"],
        recorded[0].rate_hz,
        ties=told.ties,
        seed=told.seed,
        skip_frames=told.selection["skip_frames"],
        truths={area.name: truths.of_units(rates, area.units["unit_id"]) for area in areas} if rates else None,
    )
    networks, layers = {LAG_ONLY: movie.score_lag_only()}, {LAG_ONLY: ["lag"]}
    for subject, path in zip(told.subjects, job.input.grams, strict=True):
        products = grams.read(path)
        networks[subject], layers[subject] = movie.score(products), list(products)
    ceilings = tables.read(job.input.ceilings)
    tables.write(summarise(networks, layers, movie, name, ceilings), job.output.scores, made_by)
    tables.write(pairs(networks, movie, name), job.output.pairs, made_by)
