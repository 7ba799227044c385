"""Check a training set that a person brings, and count the frames of its files; what is missing or wrong is named in the log."""

import logging
from pathlib import Path

from lorafb.artefacts import tables
from lorafb.job import progress, provenance, start
from lorafb.training import index, listing

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    params, made_by = job.params, provenance(job)
    kind, folder, holds = (params.listed[name] for name in ("kind", "folder", "holds"))
    chosen = {name: params.listed[name] for name in ("split", "subset", "holds", "classes", "lists")}
    report = listing.report(kind, Path(folder), **chosen)
    for line in report.lines:
        logging.info("%s", line)
    report.must_be_right()
    files = index.build(
        listing.root(kind, Path(folder)),
        report.items,
        holds,
        cache=Path(params.counts),
        threads=job.threads,
        progress=progress("files"),
    )
    for row in files[files["wrong"] != ""].itertuples():
        logging.warning("cannot be used: %s %s", row.file, row.wrong)
    tables.write(report.table, job.output.report, made_by)
    tables.write(files, job.output.files, made_by)
