"""Show a movie to a simulated mouse and write its session as an NWB file of the Allen schema."""

from lorafb.artefacts import stimuli
from lorafb.artefacts.provenance import sealed
from lorafb.cortex.nwb import write
from lorafb.cortex.simulated import simulate
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    mouse, movie = job.params.mouse, stimuli.read(job.input.stimulus)
    session = simulate(
        movie.frames,
        movie.rate_hz,
        session=int(job.wildcards.session) + 1,
        units=mouse["units"],
        repeats=mouse["repeats"],
        seed=mouse["seed"],
        areas=job.params.areas,
    )
    with sealed(job.output[0], provenance(job)) as temporary:
        write(session, job.wildcards.movie, temporary)
