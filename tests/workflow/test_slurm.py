"""The study on a real one-node Slurm: jobs killed, preempted, moved off a node, started again; no byte differs."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from test_interrupts import assert_complete, copy_of_repository, undisturbed
from test_workflow import ROOT

pytestmark = pytest.mark.slow
__all__ = ["undisturbed"]

COMMAND = [sys.executable, "-m", "snakemake", "--configfile", "drill.yaml", "--workflow-profile", "profiles/slurm"]
COMMAND += ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The environment of a Slurm with one node; without Slurm these tests are skipped, and say why."""
    folder = tmp_path_factory.mktemp("s")  # short: it holds a socket
    environment = os.environ | {"SLURM_TEST_DIR": str(folder), "PYTHONPATH": "", "SLURM_TEST_CPUS": "4"}
    up = subprocess.run(["bash", str(ROOT / "tests/slurm/up.sh")], env=environment, capture_output=True, text=True)
    if up.returncode:
        pytest.skip(f"no Slurm here: {up.stderr.strip().splitlines()[-1]}")
    shown = subprocess.run(["bash", "-c", f"{up.stdout}\nenv -0"], env=environment, capture_output=True, text=True)
    yield dict(line.split("=", 1) for line in shown.stdout.split("\0") if line)
    subprocess.run(["bash", str(ROOT / "tests/slurm/down.sh")], env=environment, check=True)


def slurm(cluster, *command):
    return subprocess.run(command, env=cluster, capture_output=True, text=True, check=True).stdout


def jobs(cluster, rule, state="R"):
    """Numbers of the jobs of a rule, or a group of rules, in a state."""
    listed = slurm(cluster, "squeue", "-h", "-t", state, "-o", "%A %k").splitlines()
    return [line.split()[0] for line in listed if line.partition(" ")[2].startswith(f"rule_{rule}")]


def wait_for(condition, within_s=1200):  # a requeued job alone waits two minutes
    end = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
    return found


@contextlib.contextmanager
def submitting(repository, cluster):
    with (repository / "said.txt").open("a") as said:
        process = subprocess.Popen(COMMAND, cwd=repository, env=cluster, stdout=said, stderr=said)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def memory(cluster, job):
    told = slurm(cluster, "scontrol", "show", "job", job)
    return next(word.removeprefix("MinMemoryNode=") for word in told.split() if word.startswith("MinMemoryNode="))


@pytest.fixture(scope="module")
def drilled(tmp_path_factory, cluster, undisturbed):
    """The study after one of each: preempted training, cancelled job, drained node, interrupted Snakemake."""
    repository = copy_of_repository(tmp_path_factory.mktemp("drilled"))
    notes = {}
    node = slurm(cluster, "sinfo", "-h", "-o", "%n").strip()
    with submitting(repository, cluster) as snakemake:
        (training,) = wait_for(lambda: jobs(cluster, "train"))
        wait_for((repository / "results/training/spiking/resume").exists)
        slurm(cluster, "scontrol", "requeue", training)  # as a preemption does
        wait_for(lambda: training in jobs(cluster, "train", "PD,R"))
        slurm(cluster, "scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=drill")
        time.sleep(5)
        slurm(cluster, "scontrol", "update", f"NodeName={node}", "State=RESUME")
        first = wait_for(lambda: jobs(cluster, "extract"))[0]
        notes["first"] = memory(cluster, first)
        others = set(jobs(cluster, "extract", "all"))
        slurm(cluster, "scancel", first)  # as a limit of memory or time ends a job
        again = wait_for(lambda: set(jobs(cluster, "extract", "all")) - others)
        notes["second"] = memory(cluster, again.pop())
        wait_for((repository / "results/grams/spiking/short.h5").exists)
        snakemake.send_signal(signal.SIGINT)
        snakemake.wait(timeout=120)
        wait_for(lambda: not slurm(cluster, "squeue", "-h").strip(), within_s=30)
    with submitting(repository, cluster) as snakemake:
        assert snakemake.wait(timeout=3600) == 0, (repository / "said.txt").read_text()[-3000:]
    return repository, notes


def test_killed_preempted_and_interrupted_it_ends_with_the_same_bytes(drilled, undisturbed):
    repository, _ = drilled
    assert_complete(repository, undisturbed)


def test_a_second_attempt_gets_twice_the_memory(drilled):
    _, notes = drilled
    assert int(notes["second"].rstrip("M")) == 2 * int(notes["first"].rstrip("M"))


def test_a_training_goes_on_after_preemption(drilled):
    repository, _ = drilled
    assert "lorafb.training.resume: continuing at epoch" in (repository / "results/logs/train/spiking.log").read_text()


def test_jobs_of_seconds_share_a_submission(drilled):
    repository, _ = drilled
    said = (repository / "said.txt").read_text()
    assert (
        said.count("has been submitted with SLURM jobid")
        < 30
        < said.count("localrule") + said.count("\nrule ") + said.count("    rule ")
    )
