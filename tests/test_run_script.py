"""`./run`: says in one line what is wrong, and does nothing when nothing is to be done."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def clone(tmp_path):
    """What `./run` needs of a clone, in a folder with a space in its name."""
    folder = tmp_path / "a clone"
    (folder / "envs").mkdir(parents=True)
    for name in ("run", "requirements.txt", "pyproject.toml", "envs/bootstrap.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(clone, *arguments, **environment):
    return subprocess.run([clone / "run", *arguments], capture_output=True, text=True, env=os.environ | environment)


def stamp(clone):
    """The stamp of an environment that is up to date, as the script itself computes it."""
    script = (clone / "run").read_text()
    line = next(line for line in script.splitlines() if line.startswith("wanted="))
    command = f'here=$(cd "{clone}" && pwd -P); {line}; printf %s "$wanted"'
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout


def ready(clone):
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "lorafb.stamp").write_text(stamp(clone))


def test_an_environment_that_is_up_to_date_runs_the_command_at_once(clone):
    ready(clone)
    done = run(clone, "sh", "-c", 'echo "$VIRTUAL_ENV|$1"', "sh", "two words", LORAFB_PYTHON="/nowhere")
    assert done.returncode == 0
    assert done.stdout == f"{clone}/.venv|two words\n"
    assert done.stderr == ""


def test_the_exit_code_is_the_commands_own(clone):
    ready(clone)
    assert run(clone, "sh", "-c", "exit 7").returncode == 7


def test_changed_requirements_are_seen(clone):
    ready(clone)
    with (clone / "requirements.txt").open("a") as file:
        file.write("# another pin\n")
    done = run(clone, "true", LORAFB_PYTHON="/nowhere/python")
    assert done.returncode == 1
    assert done.stderr.startswith("lorafb: no /nowhere/python here: install Python 3.11")
    assert len(done.stderr.splitlines()) == 1


def test_without_a_command_it_says_how_to_use_it(clone):
    done = run(clone)
    assert done.returncode == 2
    assert "usage: ./run COMMAND" in done.stderr


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_fails_in_one_line(clone, tmp_path, module):
    broken = tmp_path / "site"
    broken.mkdir()
    (broken / f"{module}.py").write_text("raise ImportError('taken out', name=__name__)\n")
    done = run(clone, "true", LORAFB_PYTHON=sys.executable, PYTHONPATH=str(broken))
    assert done.returncode == 1
    assert f"has no module {module}; on Debian or Ubuntu: apt install python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_second_run_waits_for_the_one_that_sets_up(clone):
    with (clone / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [clone / "run", "echo", "done"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert second.stderr.readline().startswith("lorafb: waiting for another ./run")
        ready(clone)  # the first one finishes
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert second.communicate(timeout=60)[0] == "done\n"


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "envs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_package_is_cut_out_of_the_requirements_with_its_hashes_alone():
    text = "a==1 \\\n    --hash=sha256:00\nsetuptools==2 \\\n    --hash=sha256:01 \\\n    --hash=sha256:02\nz==3 \\\n    --hash=sha256:03\n"
    assert (
        load("bootstrap").block(text, "setuptools")
        == "setuptools==2 \\\n    --hash=sha256:01 \\\n    --hash=sha256:02\n"
    )


def test_every_requirement_is_pinned_and_hashed_and_names_no_index():
    text = (ROOT / "requirements.txt").read_text()
    assert "://" not in text
    entries = text.replace("\\\n", " ").splitlines()
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_the_conda_environment_is_that_of_the_requirements():
    expected = load("conda").environment((ROOT / "requirements.txt").read_text())
    assert (ROOT / "envs" / "lorafb.yaml").read_text() == expected, "run: python3 envs/conda.py"
