"""What is shown of a run: the events are those that Snakemake logs."""

import io
import logging

import pytest
from rich.console import Console
from snakemake_interface_logger_plugins.common import LogEvent

from lorafb import terminal


@pytest.fixture
def shown():
    """Function that sends events to the display and gives back the lines printed, outside a terminal."""
    stream = io.StringIO()
    handler = terminal.Handler(Console(file=stream, width=100))

    def send(event, level=logging.INFO, message="", **fields):
        record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
        vars(record).update(event=event, **fields)
        handler.handle(record)
        return stream.getvalue().splitlines()

    send(LogEvent.RUN_INFO, stats={"train": 1, "extract": 2, "all": 1, "total": 4})
    return send


def begin(send, number, rule, log, **wildcards):
    return send(LogEvent.JOB_INFO, jobid=number, rule_name=rule, wildcards=wildcards, log=[str(log)])


def test_a_line_per_finished_job_with_its_name_its_number_and_its_time(shown, tmp_path):
    begin(shown, 7, "extract", tmp_path / "a.log", subject="sew", movie="movie1")
    first, line = shown(LogEvent.JOB_FINISHED, job_id=7)
    assert first == "3 jobs in 2 stages"
    assert line.startswith("1 of 3  extract sew movie1  0.")


def test_a_target_is_no_job(shown, tmp_path):
    shown(LogEvent.JOB_INFO, jobid=0, rule_name="all", wildcards={}, log=[])
    assert len(shown(LogEvent.JOB_FINISHED, job_id=0)) == 1


def test_a_failed_job_shows_its_error_its_log_and_how_to_run_it_alone(shown, tmp_path):
    log = tmp_path / "extract.log"
    log.write_text(
        "2026-01-01 10:00:00,000 INFO root: rule extract {}\n"
        "2026-01-01 10:00:01,000 CRITICAL root: movie.mp4: cannot be decoded; expected 30 frames\n"
        "2026-01-01 10:00:01,001 INFO root: modules: lorafb.job\n"
    )
    begin(shown, 7, "extract", log, subject="sew")
    shown(LogEvent.JOB_ERROR, logging.ERROR, rule_name="extract", jobid=7, log=[str(log)])
    lines = shown(LogEvent.ERROR, logging.ERROR, "CalledProcessError in file ...: Command exited with 1")
    assert lines[1:] == [
        "extract: movie.mp4: cannot be decoded; expected 30 frames",
        f"    log: {log}",
        f"    alone: python -m lorafb.rerun {log.with_suffix('.job.json')}",
    ]


def test_a_job_that_was_killed_says_that_it_left_no_word(shown, tmp_path):
    begin(shown, 7, "extract", tmp_path / "none.log")
    lines = shown(LogEvent.JOB_ERROR, logging.ERROR, rule_name="extract", jobid=7, log=[])
    assert lines[1] == "extract: ended without a word in its log"


def test_errors_before_any_job_and_what_a_person_must_read_are_shown_and_nothing_else(shown):
    assert shown(None, message="Select jobs to execute...") == ["3 jobs in 2 stages"]
    shown(None, message="Nothing to be done (all requested files are present and up to date).")
    lines = shown(LogEvent.ERROR, logging.ERROR, "WorkflowError: config.yaml: subjects.x: unknown key")
    assert lines[1:] == [
        "Nothing to be done (all requested files are present and up to date).",
        "WorkflowError: config.yaml: subjects.x: unknown key",
    ]


def test_in_a_terminal_a_finished_stage_is_one_line_and_a_running_job_shows_its_last_progress(tmp_path):
    stream = io.StringIO()
    handler = terminal.Handler(Console(file=stream, width=100, force_terminal=True))
    log = tmp_path / "train.log"
    log.write_text(
        "2026-01-01 10:00:00,000 WARNING lorafb.training.loop: epoch 0, step 0: silent layers, no unit active: sn1\n"
        "2026-01-01 10:00:00,000 INFO lorafb.progress: 12 of 48 clips, 3.1 clips/s\n"
    )

    def send(event, **fields):
        record = logging.LogRecord("snakemake", logging.INFO, "", 0, "", None, None)
        vars(record).update(event=event, **fields)
        handler.handle(record)

    send(LogEvent.RUN_INFO, stats={"train": 1, "extract": 1, "total": 2})
    begin(send, 1, "train", log, subject="sew")
    with handler.console.capture() as picture:
        handler.console.print(handler._picture())
    assert "training networks" in picture.get()
    assert "showing movies" not in picture.get()
    assert "train sew: 12 of 48 clips, 3.1 clips/s" in picture.get()
    assert "train sew: epoch 0, step 0: silent layers, no unit active: sn1" in picture.get()
    send(LogEvent.JOB_FINISHED, job_id=1)
    assert "train sew: epoch 0, step 0: silent layers" in stream.getvalue()
    assert "training networks: 1 job, 0 s" in stream.getvalue()
    handler.begun -= 120  # a job in two minutes
    with handler.console.capture() as picture:
        handler.console.print(handler._picture())
    assert "1 of 2 jobs, 0.5 a minute, about 2 min left" in picture.get()
    handler.close()
