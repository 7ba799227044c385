"""Count the spikes of a person's tables in every frame of every repeat."""

from lorafb.artefacts import recordings, tables
from lorafb.cortex.spike_tables import count_tables
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    counted, report = count_tables(
        params.settings,
        dict(job.input.items()),
        job.wildcards.movie,
        params.areas,
        n_frames=params.n_frames,
        order=params.order,
    )
    recordings.write(counted, job.output.counts, made_by)
    tables.write(report, job.output.report, made_by)
