"""Put the question, the answer, figures, tables and provenance on one page."""

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
    counted = [tables.read(path) for path in job.input.units]
    asked = [name for name in ("claims", "comparisons") if name in params.tables]
    figures = {name: report.figure(title, results / "figures" / name) for name, title in params.figures.items()}
    written = {name: report.table(title, results / "tables" / name) for name, title in params.tables.items()}
    first, answers, parts = figures.pop("networks", None), {}, []
    if first:
        networks = tables.read("results/figures/networks.csv")
        claims = written[asked[0]].table if asked else None
        answers = report.answers(networks, claims, params.movies, params.metric)
        parts = report.scores_by_area(networks, params.movies, params.metric)
    verdicts = [written.pop(name) for name in asked]
    parts = [*figures.values(), *parts, *written.values()]
    if counted:
        parts.append(report.units(counted))
    if params.trained:
        parts.append(report.trainings(dict(zip(params.trained, job.input.trainings, strict=True))))
    if jobs := benchmarks.read(results).values():
        parts.append(report.times(jobs))
    page = report.render(
        title=f"lorafb: study {params.study}",
        metric=params.metric,
        study=report.study(params.config, counted),
        first=first,
        answers=answers,
        verdicts=verdicts,
        notes=params.notes,
        simulated=params.simulated,
        miniature=params.miniature,
        remarks=remarks(counted),
        parts=parts,
        linked=params.linked,
        made=made_by.started[:10],
        commit=git_state() or "unknown",
        config=yaml.safe_dump(params.config, sort_keys=False, allow_unicode=True),
    )
    with sealed(job.output[0], made_by) as temporary:
        temporary.write_text(page, encoding="utf-8")
