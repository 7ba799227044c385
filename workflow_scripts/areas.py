"""Score every area against every other one."""

from lorafb.artefacts import recordings, tables
from lorafb.experiments.areas import score_areas
from lorafb.experiments.cortex_side import area_side, responsive_units
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told = job.params
    recorded = [recordings.read(path) for path in job.input.recordings]
    areas = [area_side(one, responsive_units(one, told.units["min_rate"])) for one in recorded]
    metric = metrics.load(told.metric, ties=told.ties)
    ceilings = tables.read(job.input.ceilings)
    scores = score_areas(areas, job.wildcards.movie, metric, ceilings, told.units["skip_frames"])
    tables.write(scores, job.output[0], provenance(job))
