"""Count the spikes of a session's good units in every frame of every repeat."""

from dataclasses import replace

from lorafb.artefacts import recordings, tables
from lorafb.cortex import remote
from lorafb.cortex.quality import Quality
from lorafb.cortex.sessions import count_session
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    with remote.open_session(next(iter(job.input), None), told.address) as (source, known):
        counted, report = count_session(
            source,
            told.presentations,
            told.areas,
            Quality(**told.quality),
            n_frames=told.n_frames,
            order=told.order,
            name=told.address,
        )
    made_by = replace(made_by, parameters={**made_by.parameters, **known})
    recordings.write(counted, job.output.counts, made_by)
    tables.write(report, job.output.report, made_by)
