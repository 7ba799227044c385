"""Score random halves of each area against each other: of its units, and of its repeats where they are known."""

from lorafb.artefacts import recordings, tables
from lorafb.experiments.ceiling import score_all_ceilings
from lorafb.experiments.cortex_side import sides
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    scores = score_all_ceilings(
        sides([recordings.read(path) for path in job.input.recordings], told.selection),
        job.wildcards.movie,
        told.splits,
        ties=told.ties,
        draws=told.draws,
        seed=told.seed,
        skip_frames=told.selection["skip_frames"],
    )
    tables.write(scores, job.output[0], made_by)
