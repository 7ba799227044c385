"""Count the spikes of a session's good units in every frame of every repeat."""

from dataclasses import replace

from lorafb.artefacts import recordings, tables
from lorafb.cortex import remote
from lorafb.cortex.quality import Quality
from lorafb.cortex.sessions import count_session, counting
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    with remote.open_session(next(iter(job.input), None), params.address) as (source, known):
        counted, report = count_session(
            source,
            params.presentations,
            params.areas,
            Quality(**params.quality),
            n_frames=params.n_frames,
            rate_hz=params.rate_hz,
            order=params.order,
            **counting(params.counting),
            name=params.address,
        )
    made_by = replace(made_by, parameters={**made_by.parameters, **known})
    recordings.write(counted, job.output.counts, made_by)
    tables.write(report, job.output.report, made_by)
