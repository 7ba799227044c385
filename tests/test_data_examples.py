"""Every example of a recording in docs/data.md: its files, its config and its counts are those that a reader gets."""

import re
from pathlib import Path

import pytest
import yaml

from lorafb.artefacts import recordings
from lorafb.artefacts.provenance import Provenance
from lorafb.config import reading
from lorafb.cortex.quality import Quality
from lorafb.cortex.read_recording import read_recording
from lorafb.cortex.sessions import count_session, counting
from lorafb.cortex.spike_tables import count_tables
from lorafb.plan.jobs import Plan

ROOT = Path(__file__).parent.parent
SECTION = (
    (ROOT / "docs" / "data.md").read_text().partition("## Tables and arrays of your own\n")[2].partition("\n## ")[0]
)
EXAMPLES = dict(re.findall(r"### (.*?)\n(.*?)(?=\n### |\Z)", SECTION, re.DOTALL))
SUBJECTS = """
subjects: {plain: {network: lorafb_snet_tiny, training: motion, checkpoint: {kind: initial, seed: 1}, size: 64}}
experiments: {clip: {lengths: []}, front: {lengths: []}}
"""
MADE = Provenance({}, {}, "")


def blocks(text, kind):
    """Code blocks of a kind: what stands behind the kind, and the content."""
    return re.findall(rf"^```{kind}(?: ([^\n]+))?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def count(plan, movie):
    """What the rules count_spikes and count_tables do, where a recording has spikes."""
    kind = plan.recording(movie)["kind"]
    how = {"n_frames": plan.n_frames(movie), "order": plan.order(movie)}
    if kind == "spikes":
        counted, _ = count_tables(plan.tables(movie), plan.table_files(movie), movie, plan.places(movie), **how)
    elif kind in ("nwb", "allen"):
        how |= {"rate_hz": plan.rate_hz(movie), **counting(plan.counting(movie))}
        (file,) = plan.session_file(movie, "0")
        counted, _ = count_session(
            file, plan.presentations(movie), plan.places(movie), Quality(**plan.quality(movie)), **how
        )
    else:
        return
    recordings.write(counted, f"results/counts/{movie}/0.h5", MADE)


def test_the_document_has_an_example_of_every_kind():
    kinds = set(re.findall(r"recording: \{kind: (\w+)|kind: (\w+)", SECTION))
    assert {"".join(one) for one in kinds} == {"spikes", "counts", "arrays", "nwb", "allen"}
    assert len(EXAMPLES) == 13


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_gives_the_counts_that_stand_below_it(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = EXAMPLES[example]
    for name, content in blocks(text, "csv"):
        Path(name).write_text(content)
    for _, code in blocks(text, "python"):
        exec(compile(code, f"{example} in docs/data.md", "exec"), {})
    ((_, config),) = blocks(text, "yaml")
    study = reading.study({**yaml.safe_load(SUBJECTS), **yaml.safe_load(config)}, (tmp_path,))
    plan = Plan(study, ROOT, (tmp_path,))
    count(plan, "mine")
    wanted, found = {}, {}
    for area, session, unit, numbers in re.findall(
        r"(\w+)(?: session (\w+))? unit (\w+): (.+)", blocks(text, "counts")[0][1]
    ):
        wanted[area, session, unit] = [[float(number) for number in repeat.split()] for repeat in numbers.split(" / ")]
    for area in plan.areas("mine"):
        files = plan.recording_files("mine", area)
        how = {"order": plan.order("mine"), "asked": plan.places("mine"), "shown_hz": plan.rate_hz("mine")}
        recording = read_recording(plan.recording("mine"), files, area, "mine", **how)
        sessions = recording.units["session"] if len(set(recording.units["session"])) > 1 else [""] * 99
        for place, unit in enumerate(recording.units["unit_id"]):
            found[area, str(sessions[place]), str(unit)] = recording.counts[:, :, place].tolist()
    assert found == wanted
