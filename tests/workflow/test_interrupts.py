"""A study that is stopped, killed, run twice at once or met by damage: nothing hangs, nothing stays, no byte differs."""

import contextlib
import json
import os
import platform
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from test_workflow import PARTS, ROOT

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "snakemake", "--configfile", "drill.yaml", "--cores", "2"]
SEED = 2024
DATED = ("logs", "benchmarks", "report.html", "report.html.json")


def copy_of_repository(folder):
    """A repository with the smallest study that has every kind of job: one movie, one trained network."""
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    study = yaml.safe_load((ROOT / "tests/workflow/nano.yaml").read_text())
    study["movies"] = {"short": study["movies"]["short"]}
    study["subjects"] = {"spiking": study["subjects"]["spiking"]}
    study["scenes"] = {}
    (folder / "drill.yaml").write_text(yaml.safe_dump(study))
    return folder


def environment():
    return os.environ | {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}  # a full disk cuts bytecode short unseen


def run(repository, *arguments, before=(), **how):
    return subprocess.run(
        [*before, *COMMAND, *arguments], cwd=repository, capture_output=True, text=True, env=environment(), **how
    )


def told(done):
    return done.stdout + done.stderr


@contextlib.contextmanager
def started(repository):
    """A Snakemake in a session of its own, as in a terminal, that has begun its first job; what it says goes to a file."""
    said = repository / "said.txt"
    with said.open("w") as file:
        process = subprocess.Popen(
            COMMAND, cwd=repository, stdout=file, stderr=file, env=environment(), start_new_session=True
        )
        try:
            while process.poll() is None and not jobs_of(process.pid):
                time.sleep(0.05)
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def jobs_of(snakemake):
    """Process numbers of the jobs' scripts that a Snakemake has started."""
    children = [int(one) for file in Path(f"/proc/{snakemake}/task").glob("*/children") for one in read(file).split()]
    return [child for child in children if "/.snakemake/scripts/" in read(Path(f"/proc/{child}/cmdline"))]


def read(file):
    try:
        return file.read_text()
    except OSError:  # it has just ended
        return ""


def scripts_at_work(repository):
    """Process numbers of all scripts of this repository, whoever started them."""
    mark = f"{repository}/.snakemake/scripts/"
    return [file.parent.name for file in Path("/proc").glob("[0-9]*/cmdline") if mark in read(file)]


def assert_no_job_is_left(repository, within_s=20):
    """A job that was still loading its modules ends when it has loaded them."""
    end = time.monotonic() + within_s
    while (left := scripts_at_work(repository)) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []


def contents(results):
    """Every file that a study makes, without what tells when and how fast: logs, the report, `run` of the sidecars."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if not path.is_file() or name.parts[0] in DATED or "resume" in name.parts:
            continue
        if path.suffix == ".json":
            found[str(name)] = {key: value for key, value in json.loads(path.read_text()).items() if key != "run"}
        else:
            found[str(name)] = path.read_bytes()
    return found


def assert_complete(repository, undisturbed):
    assert "Nothing to be done" in told(run(repository, "-n"))
    assert not [path for path in (repository / "results").rglob(".*") if path.name != ".gitkeep"]
    ours, theirs = contents(repository / "results"), contents(undisturbed / "results")
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    check = [sys.executable, "-m", "lorafb.cli", "check", "results"]
    checked = subprocess.run(check, cwd=repository, capture_output=True, text=True, env=environment())
    assert checked.returncode == 0, told(checked)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A study that ran from start to end in one go."""
    repository = copy_of_repository(tmp_path_factory.mktemp("undisturbed"))
    done = run(repository)
    assert done.returncode == 0, told(done)
    return repository


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory):
    return copy_of_repository(tmp_path_factory.mktemp("disturbed"))


@pytest.fixture
def finished(undisturbed):
    """The undisturbed study, for a test that spoils some of it; all of it is as before when the test ends."""
    kept = undisturbed.parent / "kept"
    shutil.copytree(undisturbed, kept, symlinks=True)
    yield undisturbed
    shutil.rmtree(undisturbed)
    kept.rename(undisturbed)


def control_c(snakemake):
    os.killpg(snakemake.pid, signal.SIGINT)


def terminate(snakemake):
    snakemake.terminate()


def kill_snakemake(snakemake):
    snakemake.kill()


def kill_a_job(snakemake):
    for job in jobs_of(snakemake.pid)[:1]:
        os.kill(job, signal.SIGKILL)


def test_a_study_stopped_at_random_moments_ends_with_the_same_bytes(undisturbed, disturbed):
    draws = random.Random(SEED)
    stops = [control_c, kill_snakemake, kill_a_job, terminate] * 2
    draws.shuffle(stops)
    stopped = 0
    for stop in stops:
        with started(disturbed) as snakemake:
            time.sleep(draws.uniform(0, 3))
            stopped += snakemake.poll() is None
            stop(snakemake)
            snakemake.wait(timeout=300)  # asked to end, it lets its jobs finish
        said = (disturbed / "said.txt").read_text()
        assert "Traceback" not in said, said
        assert_no_job_is_left(disturbed)
    assert stopped >= 6
    machine = platform.node().partition(".")[0]
    left = disturbed / f"results/.config.{machine}-{snakemake.pid}.abcdefgh.part.yaml"
    left.write_text("what a killed Snakemake had half written")
    done = run(disturbed)
    assert done.returncode == 0, told(done)
    assert_complete(disturbed, undisturbed)


def test_control_c_ends_in_one_line(undisturbed, tmp_path):
    repository = copy_of_repository(tmp_path)
    with started(repository) as snakemake:
        time.sleep(1)
        control_c(snakemake)
        snakemake.wait(timeout=30)
    assert snakemake.returncode != 0
    *before, last = (repository / "said.txt").read_text().strip().splitlines()
    assert last == "Stopped. What is finished stays; the same command goes on from there."
    assert not [line for line in before if "rror" in line]


def test_a_second_snakemake_in_the_folder_stops_and_says_who_holds_it(undisturbed, tmp_path):
    repository = copy_of_repository(tmp_path)
    with started(repository) as first:
        second = run(repository)
        assert first.poll() is None
        assert run(repository, "-n").returncode == 0
    assert second.returncode == 1
    assert f"{repository}: another Snakemake works here (process {first.pid} on " in told(second).splitlines()[-1]
    assert "Traceback" not in told(second)


def test_a_full_disk_stops_the_job_in_one_line_and_leaves_nothing_half_written(tmp_path):
    repository = copy_of_repository(tmp_path)
    limit = 50_000  # bytes a file
    target = "results/stimuli/short.h5"
    done = run(repository, target, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 1
    lines = [line for line in told(done).splitlines() if line.startswith("stimulus: ")]
    assert lines == [f"stimulus: {target}: File too large"]
    assert "Traceback" not in told(done)
    assert not [path for path in repository.glob("results/stimuli/*") if path.is_file()]
    assert run(repository, target).returncode == 0
    assert (repository / target).stat().st_size > limit


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv of util-linux")
def test_results_that_may_not_be_written_stop_the_job_in_one_line(tmp_path):
    repository = copy_of_repository(tmp_path)
    folder = repository / "results/stimuli"
    folder.mkdir(parents=True)
    (folder / "another").touch()  # a folder that is empty Snakemake takes away
    folder.chmod(0o555)
    powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = run(repository, "results/stimuli/short.h5", before=powerless)
    assert done.returncode == 1
    (line,) = (line for line in told(done).splitlines() if line.startswith("stimulus: "))
    assert line.endswith(": Permission denied")
    assert "Traceback" not in told(done)
    assert [path.name for path in folder.iterdir()] == ["another"]


DAMAGE = {
    "half a gram": ("grams/spiking/short.h5", "score_base", lambda data: data[: len(data) // 2]),
    "a byte of a gram": ("grams/spiking/short.h5", "score_base", lambda data: flipped(data)),
    "a byte of a recording": ("recordings/short/VISp.h5", "select_units", lambda data: flipped(data)),
    "a byte of responses": ("responses/short/VISp.h5", "score_base", lambda data: flipped(data)),
    "a byte of a checkpoint": ("checkpoints/spiking.pt", "extract", lambda data: flipped(data)),
}


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_stops_what_reads_it_in_one_line_and_leaves_no_wrong_result(finished, damage):
    file, rule, change = DAMAGE[damage]
    path = finished / "results" / file
    before = contents(finished / "results")
    path.write_bytes(change(path.read_bytes()))
    done = run(finished, "--until", rule)
    assert done.returncode == 1
    said = f"results/{file}: its bytes have changed since it was written"
    assert [line for line in told(done).splitlines() if line.startswith(f"{rule}: {said}")]
    after = contents(finished / "results")
    assert {name for name in after if after[name] != before.get(name)} == {file}


def test_a_damaged_file_that_is_deleted_is_made_again_to_the_same_bytes(finished):
    before = contents(finished / "results")
    damaged = finished / "results/grams/spiking/short.h5"
    damaged.write_bytes(flipped(damaged.read_bytes()))
    damaged.unlink()
    done = run(finished)
    assert done.returncode == 0, told(done)
    assert contents(finished / "results") == before
