"""Put one area's units together: of all counted sessions, or from a table of counts."""

from lorafb.artefacts import recordings
from lorafb.cortex.source import recording
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made = recording(job.params.settings, job.input, job.wildcards.area, job.wildcards.movie, job.params.order)
    recordings.write(made, job.output[0], provenance(job))
