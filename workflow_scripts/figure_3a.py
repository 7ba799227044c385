"""Draw Figure 3A: networks against visual cortex, beside the ceiling."""

from pathlib import Path

import pandas as pd

from lorafb.artefacts import tables
from lorafb.figures import bars, style
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told = job.params
    read = [
        tables.read(path).assign(subject=subject) for path, subject in zip(job.input.scores, told.subjects, strict=True)
    ]
    scores = pd.concat(read, ignore_index=True)
    scores = scores[scores["experiment"] == "original"].assign(label=scores["subject"].map(told.labels))
    ceilings = pd.concat([tables.read(path) for path in job.input.ceilings], ignore_index=True)
    shown = bars.score_of_each_area(scores, ceilings)
    caption = bars.caption_3a(shown, told.splits, told.note)
    style.write(bars.figure_3a(shown, told.titles), shown, caption, Path(job.output[0]), provenance(job))
