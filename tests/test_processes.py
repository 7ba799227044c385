"""One Snakemake per folder, no job without its Snakemake, and temporary files of killed processes deleted."""

import os
import signal
import subprocess
import sys
import time

import pytest

from lorafb import files, processes
from lorafb.files import InputError, alive, clear_abandoned, whole

HOLD = "import sys, time, pathlib; from lorafb import processes; processes.hold(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"  # noqa: E501
SNAKEMAKE = """
import subprocess, sys
from lorafb import processes
processes.tell_jobs()
job = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(job.pid, flush=True)
job.wait()
"""
JOB = "import time; from lorafb import processes; {before}processes.end_with_parent(); print('ready', flush=True); time.sleep(60)"


def python(program, *arguments):
    return subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def ended(process, within_s=10):
    end = time.monotonic() + within_s
    while alive(process) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(process)


def test_a_zombie_process_is_not_alive():
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not alive(child.pid)
    assert alive(os.getpid())
    child.wait()


def test_a_folder_is_held_by_one_process_until_it_is_killed(tmp_path):
    holder = python(HOLD, tmp_path)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(InputError, match=rf"another Snakemake works here \(process {holder.pid} on .*, since 20"):
        processes.hold(tmp_path)
    holder.kill()
    holder.wait()
    before = time.time()
    next_one = python(HOLD, tmp_path)
    assert next_one.stdout.readline() == "held\n"
    assert before - 0.1 < processes.held_since(tmp_path) < time.time() + 0.1
    next_one.kill()
    next_one.wait()


def test_a_child_of_the_holder_does_not_hold_the_folder(tmp_path):
    program = "import subprocess, sys, pathlib; from lorafb import processes; processes.hold(pathlib.Path(sys.argv[1])); print(subprocess.Popen(['sleep', '60']).pid, flush=True)"  # noqa: E501
    holder = python(program, tmp_path)
    child = int(holder.stdout.readline())
    holder.wait()
    other = python(HOLD, tmp_path)
    assert other.stdout.readline() == "held\n"
    for process in (other.pid, child):
        os.kill(process, signal.SIGKILL)


def test_a_job_ends_when_its_snakemake_is_killed():
    snakemake = python(SNAKEMAKE, JOB.format(before=""))
    job = int(snakemake.stdout.readline())
    assert snakemake.stdout.readline() == "ready\n"
    snakemake.kill()
    snakemake.wait()
    assert ended(job)


def test_a_job_whose_snakemake_was_killed_while_it_loaded_ends_as_soon_as_it_has_loaded():
    snakemake = python(SNAKEMAKE, JOB.format(before="time.sleep(1); "))
    job = int(snakemake.stdout.readline())
    snakemake.kill()
    assert "ready" not in snakemake.stdout.read()
    assert ended(job)


def test_a_script_that_is_run_by_hand_does_not_look_for_a_snakemake(monkeypatch):
    monkeypatch.delenv(processes.PARENT, raising=False)
    processes.end_with_parent()  # this process goes on


def number_of_a_dead_process():
    gone = subprocess.Popen(["true"])
    gone.wait()
    return gone.pid


def part(folder, process, machine=None, ending=".part.h5"):
    path = folder / f".movie.{machine or files._machine()}-{process}.abc123_9{ending}"
    path.write_text("half")
    return path


def test_half_written_files_of_a_killed_process_are_deleted_at_any_depth(tmp_path):
    deep = tmp_path / "grams" / "subject"
    deep.mkdir(parents=True)
    process = number_of_a_dead_process()
    left = [part(tmp_path, process), part(deep, process), part(deep, process, ending=".part")]
    folder = deep / f".pass.{files._machine()}-{process}.abcdefgh.part"
    folder.mkdir()
    (folder / "rest.h5").touch()
    assert clear_abandoned(tmp_path) == sorted([*left, folder])
    assert [path for path in tmp_path.rglob("*") if path.name.startswith(".")] == []


def test_files_that_a_running_process_writes_stay(tmp_path):
    with whole(tmp_path / "movie.h5") as temporary:
        temporary.write_text("half")
        assert clear_abandoned(tmp_path) == []
        assert temporary.exists()


def test_files_that_another_machine_writes_stay_for_a_day(tmp_path):
    path = part(tmp_path, number_of_a_dead_process(), machine="elsewhere")
    assert clear_abandoned(tmp_path) == []
    yesterday = time.time() - files.DAY_S - 60
    os.utime(path, (yesterday, yesterday))
    assert clear_abandoned(tmp_path) == [path]


def test_other_files_are_not_deleted(tmp_path):
    for name in (".movie.part.h5", "movie.h5.part", ".notes.partial", ".a.host-12.short.part.h5"):
        (tmp_path / name).touch()
    assert clear_abandoned(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 4


def test_jobs_find_a_python_whose_path_the_shell_would_split(tmp_path, monkeypatch):
    python = tmp_path / "a 'b' {c}" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho this one\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    processes.name_python()
    assert subprocess.run(f"{sys.executable} x.py", shell=True, capture_output=True, text=True).stdout == "this one\n"
