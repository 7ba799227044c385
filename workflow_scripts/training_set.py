"""Check a training set that a person brings: classes, lists, counts; every missing part is named in the log."""

import logging
from pathlib import Path

from lorafb.artefacts import tables
from lorafb.job import provenance, start
from lorafb.training import imagenet, ucf101

CHECKS = {"ucf101": ucf101.check, "imagenet": imagenet.check}

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    report = CHECKS[job.wildcards.set](Path(job.params.folder), subset=job.params.subset)
    for line in report.lines:
        logging.info("%s", line)
    report.must_be_right()
    tables.write(report.table, job.output[0], made_by)
