"""Show a movie to a simulated mouse and write its session as an NWB file of the Allen schema; beside it the truth."""

from lorafb.artefacts import stimuli, truths
from lorafb.artefacts.provenance import sealed
from lorafb.cortex.nwb import write
from lorafb.cortex.simulated import simulate
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, mouse, made_by = job.params, job.params.mouse, provenance(job)
    movie = stimuli.read(job.input.stimulus)
    session = simulate(
        movie.pixels,
        movie.rate_hz,
        session=int(job.wildcards.session) + 1,
        units=mouse["units"],
        repeats=mouse["repeats"],
        seed=mouse["seed"],
        areas=told.areas,
        order=mouse["order"],
    )
    with sealed(job.output.session, made_by) as temporary:
        write(session, job.wildcards.movie, temporary)
    truths.write(session.rates, session.units["unit_id"].to_numpy(), job.output.truth, made_by)
