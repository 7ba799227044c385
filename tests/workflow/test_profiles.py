"""The profiles for clusters: what is grouped, what never is, and that Snakemake takes every line of them."""

import ast
import re

import dry_run
import pytest
import yaml
from test_workflow import ROOT

from lorafb.commands import cost

GPU_RULES = {"train", "extract", "perturbed", "with_noise"}
"""Rules that ask for `gpu` where the config says cuda; a group would ask for the GPUs of all its jobs."""


def profile(name):
    return yaml.safe_load((ROOT / "profiles" / name / "profile.yaml").read_text())


def groups():
    """Rules of each group that shares submissions."""
    text = (ROOT / "rules/targets.smk").read_text()
    return {
        group: set(names.split())
        for group, names in ast.literal_eval(re.search(r"GROUPS = ({.*?^})", text, re.M | re.S)[1]).items()
    }


GROUPED = set().union(*groups().values())


def rules(attribute):
    """Rules of the workflow with such a line."""
    text = "".join(file.read_text() for file in (ROOT / "rules").glob("*.smk"))
    return {
        one[0] for one in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)*)", text, re.MULTILINE) if attribute in one[1]
    }


def test_every_job_of_seconds_is_grouped_and_no_job_that_may_use_a_gpu():
    assert rules("gpu=") == GPU_RULES
    assert not GROUPED & GPU_RULES
    alone = {"checkpoint", "statistics", "asset", "training_set", "video_frames"}
    assert GROUPED | GPU_RULES | alone == rules("script:")
    assert sum(map(len, groups().values())) == len(GROUPED)


def test_on_slurm_no_limit_holds_back_the_gpus_and_the_gpu_rules_have_a_partition():
    slurm = profile("slurm")
    assert "gpu" not in slurm["resources"]
    assert set(slurm["set-resources"]) == GPU_RULES
    assert "slurm-array-jobs" not in slurm
    assert slurm["slurm-status-command"] == "squeue"


def test_both_rerun_for_the_same_reasons_as_on_one_machine():
    same = ("rerun-triggers", "max-checksum-file-size", "rerun-incomplete", "nolock")
    for name in ("slurm", "generic"):
        assert {key: profile(name)[key] for key in same} == {key: profile("default")[key] for key in same}


@pytest.mark.parametrize("name", ["slurm", "generic"])
def test_snakemake_takes_the_profile_and_shares_submissions(name, tmp_path):
    study = ["-s", str(ROOT / "Snakefile"), "--configfile", str(ROOT / "tests/workflow/nano.yaml")]
    study += ["--config", "compute={threads: 4}"]
    said = dry_run.run(tmp_path, *study, "--workflow-profile", str(ROOT / "profiles" / name))
    assert (
        len(re.findall(r"^ +threads: 4$", said, re.MULTILINE))
        >= len(re.findall(r"^rule extract:$", said, re.MULTILINE))
        > 5
    )
    jobs = int(re.search(r"^total +(\d+)$", said, re.MULTILINE)[1])
    shared = re.findall(r"Group job (\w+) ", said)
    components = dict(one.split("=") for one in profile(name)["group-components"])
    assert set(shared) == components.keys() == groups().keys()
    counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)}
    alone = sum(count for rule, count in counts.items() if rule not in GROUPED | {"all", "total"})
    assert jobs > 60
    assert len(shared) + alone < 30
    assert cost.submissions(said) == len(shared) + alone


def test_on_one_machine_there_are_no_groups(tmp_path):
    study = ["-s", str(ROOT / "Snakefile"), "--configfile", str(ROOT / "tests/workflow/nano.yaml")]
    assert "Group job" not in dry_run.run(tmp_path, *study)
