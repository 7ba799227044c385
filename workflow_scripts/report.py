"""Put figures, scores and provenance on one page."""

from pathlib import Path

import yaml

from lorafb.artefacts.provenance import sealed
from lorafb.figures import report
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told = job.params
    sections = [report.summary(Path("results/figures/figure_3a.csv"))] if told.scored else []
    sections += [report.trainings(dict(zip(told.trained, job.input.trainings, strict=True)))] if told.trained else []
    stems = {title: Path(stem) for title, stem in told.figures.items()}
    config = yaml.safe_dump(told.config, sort_keys=False, allow_unicode=True)
    with sealed(job.output[0], provenance(job)) as temporary:
        page = report.render(f"lorafb: study {told.study}", told.notes, sections, stems, config)
        temporary.write_text(page, encoding="utf-8")
