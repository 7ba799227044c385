"""Put findings, figures, tables and provenance on one page."""

from pathlib import Path

import pandas as pd
import yaml

from lorafb.artefacts import tables
from lorafb.artefacts.provenance import git_state, sealed
from lorafb.commands import stages, times
from lorafb.figures import findings, report
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told, made_by = job.params, provenance(job)
    networks = tables.read("results/figures/networks.csv") if "networks" in told.figures else None
    scores = [] if networks is None else report.by_area(networks, told.movies)
    written = [report.written(title, Path(f"results/tables/{name}")) for name, title in told.tables.items()]
    parts: list[report.Section | report.Picture] = [*scores, *written[:1]]
    parts += [report.Picture(title, Path(f"results/figures/{name}")) for name, title in told.figures.items()]
    parts += written[1:]
    parts += [report.units(job.input.units)] if job.input.units else []
    parts += [report.trainings(dict(zip(told.trained, job.input.trainings, strict=True)))] if told.trained else []
    jobs = [{**vars(job), "stage": stages.name(job.stage)} for job in times.measured(Path("results")).values()]
    parts += [report.times(pd.DataFrame(jobs))] if jobs else []
    page = report.render(
        f"lorafb: study {told.study}",
        [] if networks is None else findings.lead(networks, told.movies),
        told.notes,
        parts,
        linked={title: Path(f"results/figures/{name}") for name, title in told.linked.items()},
        made=f"{made_by.started[:10]}, commit {git_state() or 'unknown'}",
        config=yaml.safe_dump(told.config, sort_keys=False, allow_unicode=True),
    )
    with sealed(job.output[0], made_by) as temporary:
        temporary.write_text(page, encoding="utf-8")
