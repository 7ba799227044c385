"""Write the frames of a part of UCF101's classes as pictures, for its two subsets; a killed job goes on where it stopped."""

import logging
from pathlib import Path

from lorafb.artefacts import tables
from lorafb.files import clear_abandoned
from lorafb.job import progress, provenance, start
from lorafb.training import ucf101, video_frames

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, folder, made_by = job.params, Path(job.params.folder), provenance(job)
    lists, videos, frames = ucf101.read_lists(folder), ucf101.videos_folder(folder), Path(params.frames)
    part = [video for video in lists.videos if video.label % params.parts == int(job.wildcards.part)]
    for action in sorted({video.file.partition("/")[0] for video in part}):
        clear_abandoned(frames / action)
    written = video_frames.write(videos, ucf101.present(videos, part), frames, progress=progress("videos"))
    logging.info("left out, no longer than a clip: %s", ", ".join(written.loc[~written["kept"], "video"]) or "none")
    tables.write(written, job.output[0], made_by)
