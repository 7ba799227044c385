"""Score every area against every other one."""

from lorafb.artefacts import responses, tables
from lorafb.experiments.area_similarity import score_areas
from lorafb.job import provenance, start
from lorafb.similarity import metrics

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    areas = [responses.read(path) for path in job.input.responses]
    compared = [metrics.load(name, ties=job.params.ties) for name in job.params.metrics]
    scores = score_areas(areas, compared, tables.read(job.input.ceilings))
    tables.write(scores, job.output[0], made_by)
