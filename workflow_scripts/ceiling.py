"""Score random halves of each area's units against each other."""

from lorafb.artefacts import recordings, tables
from lorafb.experiments.ceiling import score_ceilings
from lorafb.experiments.cortex_side import area_side, responsive_units
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told = job.params
    recorded = [recordings.read(path) for path in job.input.recordings]
    areas = [area_side(one, responsive_units(one, told.units["min_rate"])) for one in recorded]
    scores = score_ceilings(
        areas,
        job.wildcards.movie,
        told.splits,
        ties=told.ties,
        draws=told.draws,
        seed=told.seed,
        skip_frames=told.units["skip_frames"],
    )
    tables.write(scores, job.output[0], provenance(job))
