"""Score random halves of each area against each other: of its units, and of its repeats where they are known."""

from lorafb.artefacts import responses, tables
from lorafb.experiments.ceiling import possible_halves, score_ceilings
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    params, areas = job.params, [responses.read(path) for path in job.input.responses]
    scores = score_ceilings(areas, params.splits, possible_halves(areas), params.ties, params.draws, params.seed)
    tables.write(scores, job.output[0], made_by)
