"""Show a movie to a simulated mouse and write its session as an NWB file of the Allen schema; beside it the truth."""

from lorafb.artefacts import stimuli, truths
from lorafb.artefacts.provenance import sealed
from lorafb.cortex import simulated_nwb
from lorafb.cortex.simulated import simulate
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)
    movie = stimuli.read(job.input.stimulus)
    number = int(job.wildcards.session) + 1
    session = simulate(movie.pixels, movie.rate_hz, session=number, areas=job.params.areas, **job.params.mouse)
    with sealed(job.output.session, made_by) as temporary:
        simulated_nwb.write(session, job.wildcards.movie, temporary)
    truths.write(session.rates, session.units["unit_id"].to_numpy(), job.output.truth, made_by)
