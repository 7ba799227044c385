"""Write the frames of a part of a training set's videos as pictures; a killed job goes on where it stopped."""

from pathlib import Path

from lorafb.artefacts import tables
from lorafb.files import clear_abandoned
from lorafb.job import progress, provenance, start
from lorafb.training import index, listing, video_frames

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    chosen, table = params.set, tables.read(job.input[0])
    folder, frames = listing.root(chosen["kind"], Path(chosen["folder"])), Path(chosen["frames"])
    videos = index.usable(folder, table, "videos", chosen["skip"]).table
    part = videos[videos["label"] % chosen["parts"] == int(job.wildcards.part)]
    for parent in sorted({(frames / file).parent for file in part["file"]}):
        clear_abandoned(parent)
    video_frames.check_disk(folder, videos, frames)
    written = video_frames.write(folder, list(part["file"]), frames, progress=progress("videos"))
    tables.write(written, job.output[0], made_by)
