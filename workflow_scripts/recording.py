"""Make one area's recording: join the counted sessions, or read a table of counts."""

from lorafb.artefacts import recordings
from lorafb.cortex.read_recording import read_recording
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    recording = read_recording(
        job.params.settings,
        job.input,
        job.wildcards.area,
        job.wildcards.movie,
        job.params.order,
        job.params.areas,
        job.params.rate_hz,
    )
    recordings.write(recording, job.output[0], made_by)
