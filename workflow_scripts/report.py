"""Put findings, figures, tables and provenance on one page."""

from pathlib import Path

import yaml

from lorafb.artefacts import benchmarks, tables
from lorafb.artefacts.provenance import git_state, sealed
from lorafb.experiments.areas import remarks
from lorafb.figures import report
from lorafb.job import provenance, start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by, results = job.params, provenance(job), Path("results")
    lead, parts = [], []
    if "networks" in params.figures:
        networks = tables.read("results/figures/networks.csv")
        lead = report.lead(networks, params.movies, params.metric)
        parts = report.by_area(networks, params.movies, params.metric)
    written = [report.table(title, results / "tables" / name) for name, title in params.tables.items()]
    parts += written[:1]
    parts += [report.figure(title, results / "figures" / name) for name, title in params.figures.items()]
    parts += written[1:]
    counted = [tables.read(path) for path in job.input.units]
    if counted:
        parts.append(report.units(counted))
    if params.trained:
        parts.append(report.trainings(dict(zip(params.trained, job.input.trainings, strict=True))))
    if jobs := benchmarks.read(results).values():
        parts.append(report.times(jobs))
    page = report.render(
        title=f"lorafb: study {params.study}",
        lead=lead,
        notes=params.notes,
        remarks=remarks(counted),
        miniature=params.miniature,
        parts=parts,
        linked=params.linked,
        made=f"{made_by.started[:10]}, commit {git_state() or 'unknown'}",
        config=yaml.safe_dump(params.config, sort_keys=False, allow_unicode=True),
    )
    with sealed(job.output[0], made_by) as temporary:
        temporary.write_text(page, encoding="utf-8")
