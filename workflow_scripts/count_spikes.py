"""Count the spikes of a session's good units in every frame of every repeat."""

from lorafb.artefacts import recordings, tables
from lorafb.cortex.quality import Quality
from lorafb.cortex.sessions import count_session
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    counted, report = count_session(
        job.input.session,
        told.presentations,
        told.areas,
        Quality(**told.quality),
        n_frames=told.n_frames,
        order=told.order,
    )
    recordings.write(counted, job.output.counts, made_by)
    tables.write(report, job.output.report, made_by)
