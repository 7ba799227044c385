"""How a job reports its progress, and how it ends when it is stopped or its disk is full."""

import errno
import logging
import os
import pty
import subprocess
import sys

import pytest

from lorafb import cli, job
from lorafb.commands import listing
from lorafb.processes import Stopped

JOB = """
import time, types
from lorafb import job
from lorafb.rerun import Files, Values

def files(*names):
    return Files(dict(all=names, named=dict()))

job.start(types.SimpleNamespace(
    rule="extract", wildcards=Values(subject="lorafb", movie="movie1"), log=files("log.txt"), threads=1,
    input=files(), output=files("results/made.h5"), params=Values(),
))
{body}
"""


def run(folder, body, stderr=subprocess.PIPE):
    return subprocess.Popen(
        [sys.executable, "-c", JOB.format(body=body)], cwd=folder, stdout=subprocess.PIPE, stderr=stderr, text=True
    )


COUNTING = """
report = job.progress("frames", every_s=0.0)
for done in range(0, 301, 100):
    report(done, 300)
    time.sleep(0.05)
"""


def test_a_terminal_gets_lines_with_job_bar_units_and_rate(tmp_path):
    ours, theirs = pty.openpty()
    with run(tmp_path, COUNTING, stderr=theirs) as process:
        os.close(theirs)
        process.wait()
        text = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "\x1b" not in text  # nothing that moves a cursor: jobs share the terminal
    lines = text.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("extract lorafb movie1 ━━━━━━────────────── 100 of 300 frames, ")
    assert lines[3].startswith("extract lorafb movie1 ━━━━━━━━━━━━━━━━━━━━ 300 of 300 frames, ")
    assert all(line.endswith(" frames/s") for line in lines)


def test_the_log_gets_the_same_without_a_bar_and_a_file_nothing(tmp_path):
    with run(tmp_path, COUNTING) as process:
        _, errors = process.communicate()
    assert errors == ""
    log = (tmp_path / "log.txt").read_text()
    assert "lorafb.progress: 200 of 300 frames, " in log
    assert "━" not in log


def test_a_short_job_reports_no_progress(caplog):
    with caplog.at_level(logging.INFO):
        report = job.progress("frames")
        for done in range(100):
            report(done, 99)
    assert caplog.text == ""


def test_the_rate_of_a_resumed_job_counts_only_its_own_work(caplog, monkeypatch):
    clock = iter([0.0, 0.0, 20.0])
    monkeypatch.setattr(job.time, "monotonic", lambda: next(clock))
    report = job.progress("clips")
    with caplog.at_level(logging.INFO):
        report(1000, 2000)
        report(1100, 2000)
    assert caplog.messages == ["1100 of 2000 clips, 5 clips/s"]


def test_a_job_that_is_asked_to_stop_cleans_up_and_reports_it_in_its_log_only(tmp_path):
    body = """
from lorafb.files import whole
with whole("made.h5") as temporary:
    print("writing", flush=True)
    time.sleep(60)
"""
    with run(tmp_path, body) as process:
        assert process.stdout.readline() == "writing\n"
        process.terminate()
        _, errors = process.communicate()
    assert process.returncode != 0
    assert errors == ""
    assert "stopped on request" in (tmp_path / "log.txt").read_text()
    assert not list(tmp_path.glob(".made*"))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (f"OSError({errno.ENOSPC}, 'from HDF5')", "extract: results/made.h5: No space left on device"),
        (f"OSError({errno.EACCES}, 'no', 'results/x')", "extract: results/x: Permission denied"),
        ("ValueError('of ours')", "extract: ValueError: of ours (traceback in log.txt)"),
    ],
)
def test_an_error_is_one_line_on_stderr(tmp_path, error, line):
    with run(tmp_path, f"raise {error}") as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors == line + "\n"


def test_a_bar_for_a_command_shows_units_and_rate(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    report = job.bar("frames")
    report(10, 20)
    report(20, 20)
    assert "20 of 20 frames" in capsys.readouterr().err


def test_control_c_ends_a_command_in_one_line(capsys, monkeypatch):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "networks", interrupted)
    assert cli.main(["networks"]) == 130
    assert capsys.readouterr().err == "\nlorafb networks: stopped\n"


def test_a_command_that_goes_on_later_says_so_with_an_exit_code_of_its_own(capsys, monkeypatch):
    def stopped(args):
        raise Stopped("training stopped at epoch 3; continues when started again")

    monkeypatch.setattr(listing, "networks", stopped)
    assert cli.main(["networks"]) == 75
    assert capsys.readouterr().err == ("lorafb networks: training stopped at epoch 3; continues when started again\n")
