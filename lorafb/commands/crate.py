"""`lorafb crate results`: the results of a study as an RO-Crate, a description that archives and other programs read.

The crate names every artefact with its size and sha256, and every job as the action that made files from files. Nothing is
copied: `ro-crate-metadata.json` stands in the folder of results, and the folder is the crate.
"""

import json
import mimetypes
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from lorafb.artefacts.lineage import RESULTS, Study, of_file
from lorafb.artefacts.provenance import CRATE, artefacts, verify
from lorafb.artefacts.recordings import many
from lorafb.files import InputError, write_json

REPORT = "report.html"
LICENCE = "https://spdx.org/licenses/MIT"
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
"""Terms of the profile for runs of workflows, which schema.org lacks."""


def run(args: Namespace) -> int:
    """Write the crate's description beside the results and say what it holds."""
    results: Path = args.results
    crate = describe(results)
    write_json(results / CRATE, crate)
    kinds = [entity["@type"] for entity in crate["@graph"]]
    print(f"{results / CRATE}: {many(kinds.count('File'), 'file')}, {many(kinds.count('CreateAction'), 'job')}")
    return 0


def describe(results: Path) -> dict[str, Any]:
    """Make the JSON-LD of a crate from a folder of results.

    Raises
    ------
    InputError
        The folder holds no finished study, or a file was changed since it was written.
    """
    if not (results / REPORT).is_file():
        raise InputError(f"{results}: holds no {REPORT}; run the study to its end first")
    study, _ = of_file(results / REPORT)
    about = verify(results / REPORT)
    crate = ROCrate(version="1.2")
    crate.metadata.extra_terms.update(TERMS)
    crate.name = f"lorafb: study {study.config.get('study', 'unknown')}"
    crate.description = (
        "Networks compared with visual cortex under movies, by Time-Series Representational Similarity Analysis"
    )
    crate.license = LICENCE
    crate.root_dataset["datePublished"] = about["run"]["finished"]
    software = _software(crate, about)
    names = [path.relative_to(results).as_posix() for path in artefacts(results)]
    files = {name: _file(crate, results, name) for name in names}
    for plain in ("config.yaml", "README.md"):
        if (results / plain).is_file():
            crate.add_file(dest_path=plain, properties={"encodingFormat": "text/plain"})
    crate.root_dataset["mainEntity"] = files[REPORT]
    for job in sorted(set(study.jobs.values())):
        _action(crate, study, job, files, software)
    content: dict[str, Any] = crate.metadata.generate()
    return content


def _file(crate: ROCrate, results: Path, name: str) -> Entity:
    about, kind = verify(results / name), mimetypes.guess_type(name)[0]
    described = {
        "name": name,
        "sha256": about["sha256"],
        "contentSize": str((results / name).stat().st_size),
        "encodingFormat": kind or "application/octet-stream",
        "dateModified": about["run"]["finished"],
    }
    if columns := about.get("columns"):
        described["description"] = "; ".join(f"{column}: {one['meaning']}" for column, one in columns.items())
    return crate.add_file(dest_path=name, properties=described)


def _software(crate: ROCrate, about: Mapping[str, Any]) -> Entity:
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    described = {
        "@type": "SoftwareApplication",
        "name": "lorafb",
        "version": about["run"]["git"] or "unknown",
        "softwareRequirements": versions,
    }
    return crate.add_jsonld({"@id": "#lorafb", **described})


def _action(crate: ROCrate, study: Study, job: Path, files: Mapping[str, Entity], software: Entity) -> None:
    """Describe a job: what it read, what it made, and the values of the config that it used."""
    described = json.loads(job.read_text(encoding="utf-8"))
    made, read = ([_below(one, files) for one in described[key]["all"]] for key in ("output", "input"))
    result = [one for one in made if one is not None]
    if not result:
        return  # its files were made again by another job
    first = next(one for one in described["output"]["all"] if _below(one, files) is not None)
    about = study.about(first)
    name = job.relative_to(study.folder / RESULTS / "logs").as_posix().removesuffix(".job.json")
    crate.add_action(
        software,
        identifier=f"#job/{name}",
        object=[one for one in read if one is not None],
        result=result,
        properties={
            "name": f"{described['rule']}: {name}",
            "startTime": about["run"]["started"],
            "endTime": about["run"]["finished"],
            "description": json.dumps(about["parameters"], sort_keys=True),
        },
    )


def _below(name: str, files: Mapping[str, Entity]) -> Entity | None:
    return files.get(name.removeprefix(f"{RESULTS}/")) if name.startswith(f"{RESULTS}/") else None
