"""What made an artefact: the tree of files behind it, down to config keys, checkpoints, versions, commit and command.

All is read from the files beside the artefacts and from the descriptions of the jobs, so a file that was made long ago is
explained as it was made; where an input has changed since, the tree says so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from lorafb.artefacts.provenance import sidecar, verify
from lorafb.files import InputError

RESULTS = "results"
NAMED = 4
"""Files of one step that are named; the others are counted."""


@dataclass(frozen=True)
class Node:
    """One step behind an artefact.

    Attributes
    ----------
    files : names of the files that the step made, as the workflow knows them; of a source, the file itself
    facts : what is known of how they were made, a line each
    inputs : steps that made what it was made from; empty where `seen`
    seen : whether the step stands above already
    """

    files: tuple[str, ...]
    facts: tuple[str, ...] = ()
    inputs: tuple["Node", ...] = ()
    seen: bool = False

    @property
    def title(self) -> str:
        """Names of the files on one line."""
        more = f" and {len(self.files) - NAMED} more" if len(self.files) > NAMED + 1 else ""
        return ", ".join(self.files[: NAMED if more else None]) + more


@dataclass(frozen=True)
class Study:
    """A folder that holds `results`, and what its files say of one another."""

    folder: Path
    _sidecars: dict[str, dict[str, Any]] = field(default_factory=dict)

    def about(self, name: str) -> dict[str, Any]:
        """Read the sidecar of an artefact; empty where there is none."""
        if name not in self._sidecars:
            path = sidecar(self.folder / name)
            self._sidecars[name] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return self._sidecars[name]

    @cached_property
    def config(self) -> dict[str, Any]:
        """Config of the last run."""
        path = self.folder / RESULTS / "config.yaml"
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.is_file() else {}

    @cached_property
    def places(self) -> list[tuple[tuple[str, ...], Any]]:
        """Every key of the config, with its value."""
        return list(_places(self.config))

    @cached_property
    def jobs(self) -> dict[str, Path]:
        """Description of the job that made each file."""
        made = {}
        for path in sorted((self.folder / RESULTS / "logs").rglob("*.job.json")):
            for output in json.loads(path.read_text(encoding="utf-8"))["output"]["all"]:
                made[output] = path
        return made

    def keys(self, name: str) -> list[str]:
        """Keys of the config whose values an artefact was made with: its movie and subject, and equal values."""
        blocks = [
            f"{table}.{part}"
            for part in Path(name).with_suffix("").parts[1:]
            for table in ("movies", "scenes", "subjects")
            if part in self.config.get(table, {})
        ]
        equal = [_place_of(key, value, self.places) for key, value in self.about(name).get("parameters", {}).items()]
        return list(dict.fromkeys([*blocks, *(one for one in equal if one)]))


def of_file(path: Path | str) -> tuple[Study, str]:
    """Find the study that a file is of, and the file's name in it.

    Raises
    ------
    InputError
        The file was not made by the workflow or a command of lorafb, or was changed since.
    """
    path = Path(path).absolute()
    if path.is_file() and not sidecar(path).is_file():
        raise InputError(
            f"{path}: nothing beside it says what made it; expected a file that lorafb made, such as a figure"
        )
    verify(path)
    parents = [parent for parent in path.parents if parent.name == RESULTS]
    folder = parents[0].parent if parents else path.parent
    return Study(folder), path.relative_to(folder).as_posix()


def trace(path: Path | str) -> Node:
    """Trace an artefact back to its sources.

    Raises
    ------
    InputError
        As `of_file`.
    """
    study, name = of_file(path)
    return _step(study, (name,), set(), study.about(name).get("run", {}).get("git", ""))


def lines(node: Node, depth: int = 0) -> Iterator[tuple[int, str, bool]]:
    """Give depth, text, and whether it names files, of every line of a tree."""
    yield depth, node.title + (" (above)" if node.seen else ""), True
    yield from ((depth + 1, fact, False) for fact in node.facts)
    for one in node.inputs:
        yield from lines(one, depth + 1)


def text(node: Node) -> str:
    """Lay a tree out for the terminal."""
    return "\n".join(f"{'   ' * depth}{'from ' if named and depth else ''}{line}" for depth, line, named in lines(node))


def html(node: Node) -> str:
    """Lay a tree out as nested lists, without scripts, times or hosts: equal files give equal bytes."""
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in node.facts)
    inputs = "".join(f"<li>from {html(one)}</li>" for one in node.inputs)
    listed = f"<ul>{facts}{inputs}</ul>" if facts or inputs else ""
    return f"<code>{escape(node.title)}</code>{' (above)' * node.seen}{listed}"


def above(node: Node) -> list[str]:
    """Names of all files of a tree, the nearest first."""
    return list(dict.fromkeys([*node.files, *(file for one in node.inputs for file in above(one))]))


def _step(study: Study, names: tuple[str, ...], seen: set[str], commit: str) -> Node:
    """Make the node of files of one kind, and of what they were made from; what stands in `seen` is not repeated.

    The first node says how to make its file again, the others their `commit` where it is another one.
    """
    root, new = not seen, [name for name in names if name not in seen]
    if not new:
        return Node(names, seen=True)
    seen.update(new)
    groups: dict[str, list[str]] = {}
    for name in new:
        for one in study.about(name).get("inputs", {}):
            kind = "/".join(Path(one).parts[:2]) if one.startswith(f"{RESULTS}/") else ""
            groups.setdefault(kind, [])
            groups[kind] += [one] * (one not in groups[kind])
    facts = [*_facts(study, new), *(_made(study, new[0]) if root else _commits(study, new, commit))]
    inputs = []
    for kind, group in groups.items():
        known = seen.issuperset(group)
        seen.update(group if not kind else ())
        source = Node(tuple(group), () if known else _digests(study, new, group), seen=known)
        inputs.append(_step(study, tuple(group), seen, commit) if kind else source)
    return Node(tuple(new), tuple(facts), tuple(inputs))


def _facts(study: Study, names: Sequence[str]) -> Iterator[str]:
    keys = list(dict.fromkeys(key for name in names for key in study.keys(name)))
    if keys:
        more = f" and {len(keys) - 12} more" if len(keys) > 12 else ""
        yield f"config: {', '.join(keys[:12])}{more}"
    for name in names:
        if name.startswith(f"{RESULTS}/checkpoints/"):
            yield f"{Path(name).stem}: {checkpoint(study, name)}"
        changed = [one for one, digest in study.about(name).get("inputs", {}).items() if _changed(study, one, digest)]
        if changed:
            yield f"{name} was made from another {', '.join(changed)} than the one there now"


def _commits(study: Study, names: Sequence[str], commit: str) -> list[str]:
    commits = {str(study.about(name).get("run", {}).get("git", commit)) for name in names}
    return [f"commit {', '.join(sorted(commits))}"] * (commits != {commit})


def _made(study: Study, name: str) -> Iterator[str]:
    """Say with which rule, command, commit and versions a file was made."""
    about, job = study.about(name), study.jobs.get(name)
    if job is not None:
        rule = json.loads(job.read_text(encoding="utf-8"))["rule"]
        yield f"rule {rule}; again: snakemake --forcerun {rule} {name}"
        yield f"this job alone: python -m lorafb.rerun {job.relative_to(study.folder)}"
    yield f"commit {about.get('run', {}).get('git') or 'unknown'}, code {about.get('code', '')[:12]}"
    yield "versions: " + ", ".join(f"{package} {version}" for package, version in about.get("versions", {}).items())


def checkpoint(study: Study, name: str) -> str:
    """Say what a checkpoint is: network, training set, seed, epochs and accuracy, as far as they are known."""
    parameters = study.about(name).get("parameters", {})
    source, subject = parameters.get("source", {}), parameters.get("subject", {})
    said = [str(subject.get("network", {}).get("name", "unknown network"))]
    training = study.folder / RESULTS / "training" / Path(name).stem
    if source.get("kind") == "trained":
        said.append(f"trained here on {subject.get('training')}, seed {source.get('seed')}")
        if (training / "epochs.csv").is_file() and (training / "result.csv").is_file():
            row = pd.read_csv(training / "result.csv").iloc[0]
            epochs = len(pd.read_csv(training / "epochs.csv"))
            said.append(f"{epochs} epochs (weights of epoch {row['best_epoch']:.0f}, from 0)")
            bounds = f"{row['low']:.3f} to {row['high']:.3f}, chance {row['chance']:.3f}"
            said.append(f"test accuracy {row['test_accuracy']:.3f} ({bounds})")
    elif source.get("kind") == "initial":
        said.append(f"never trained, initial weights of seed {source.get('seed')}")
    else:
        said.append(f"weights from a {source.get('kind', 'file')}, trained on {subject.get('training', 'unknown')}")
        said += [str(found) for found in parameters.get("found", [])]
    return ", ".join(said)


def _digests(study: Study, names: Sequence[str], sources: Sequence[str]) -> tuple[str, ...]:
    known = {one: digest for name in names for one, digest in study.about(name)["inputs"].items() if one in sources}
    return tuple(f"{one}: sha256 {digest[:12]}" for one, digest in known.items()) if len(known) <= NAMED else ()


def _changed(study: Study, name: str, digest: str) -> bool:
    now = study.about(name).get("sha256") if name.startswith(f"{RESULTS}/") else None
    return now is not None and now != digest


def _places(value: Any, *above: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of a config, from the top, with its value."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield (*above, str(key)), one
            yield from _places(one, *above, str(key))


def _place_of(name: str, value: Any, places: Sequence[tuple[tuple[str, ...], Any]]) -> str:
    """Key of the config that has a parameter's name and value, or else its value alone, if that is a table or a list.

    Empty where several keys fit and none is at the top.
    """
    alike = [place for place, one in places if one == value and type(one) is type(value) and place[-1] == name]
    if not alike and isinstance(value, dict | list) and len(value) > 1:
        alike = [place for place, one in places if one == value]
    top = [place for place in alike if len(place) == 1]
    best = top or alike
    return ".".join(best[0]) if len(best) == 1 else ""
