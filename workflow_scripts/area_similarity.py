"""Score every area against every other one."""

from lorafb.artefacts import recordings, tables
from lorafb.experiments.areas import score_areas
from lorafb.experiments.cortex_side import sides
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    areas = sides([recordings.read(path) for path in job.input.recordings], told.selection)
    metric, ceilings = metrics.load(told.metric, ties=told.ties), tables.read(job.input.ceilings)
    scores = score_areas(areas, job.wildcards.movie, metric, ceilings, told.selection["skip_frames"])
    tables.write(scores, job.output[0], made_by)
