"""Build the environment that `./run` uses; its stamp is written last, so that half an environment never counts.

Standard library only, and no syntax newer than Python 3.7, so that an old Python gets a sentence and no traceback.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SIZE = "about 3 GB to download, 6.3 GB on disk, most of it torch with its CUDA libraries; some minutes"


def stop(message):
    """End with one line."""
    sys.exit("lorafb: " + message)


def say(message):
    """Tell what is being done, on stderr since stdout belongs to the command that follows."""
    print("lorafb: " + message, file=sys.stderr, flush=True)


def check_python():
    """Stop when this Python cannot make the environment."""
    if sys.version_info < (3, 11):
        stop(
            "needs Python 3.11 or newer, {} is {}.{}; name another: LORAFB_PYTHON=/path/to/python ./run ...".format(
                sys.executable, *sys.version_info[:2]
            )
        )
    try:
        import ensurepip
        import fcntl
        import venv
    except ImportError as error:
        stop("{} has no module {}; on Debian or Ubuntu: apt install python3-venv".format(sys.executable, error.name))
    del ensurepip, fcntl, venv


def logged(command, log):
    """Run a command into the log, letting only its larger downloads and its last step show."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout:
            log.write(line)
            if ("Downloading" in line and " MB)" in line) or line.startswith("Installing collected"):
                say(line.strip()[:100])
    if process.returncode:
        log.flush()
        stop(
            "setting up failed, the end of {}:\n{}".format(
                log.name, "".join(Path(log.name).read_text().splitlines(True)[-6:])
            )
        )


def build(venv):
    """Make the environment in place: one moved after building would have broken paths."""
    requirements = (HERE / "requirements.txt").read_text(encoding="utf-8")
    say(
        "setting up {} ({} packages, {})".format(
            venv, sum(line[:1].isalnum() for line in requirements.splitlines()), SIZE
        )
    )
    import venv as maker

    maker.create(venv, with_pip=True, clear=True, symlinks=True)
    backend = venv / "build-backend.txt"  # the one source distribution among the pins is built with this, itself pinned
    backend.write_text(block(requirements, "setuptools"), encoding="utf-8")
    install = [
        str(venv / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        "--no-deps",
    ]
    with (venv / "setup.log").open("w", encoding="utf-8") as log:
        logged([*install, "--require-hashes", "-r", str(backend)], log)
        logged([*install, "--require-hashes", "--no-build-isolation", "-r", str(HERE / "requirements.txt")], log)
        logged([*install, "--no-build-isolation", "--editable", str(HERE)], log)


def block(requirements, name):
    """Cut one package's lines, hashes included, out of the requirements."""
    start = requirements.index("\n" + name + "==") + 1
    lines = requirements[start:].splitlines(True)
    return "".join(
        [lines[0], *(line for i, line in enumerate(lines[1:], 1) if all(one[:1] == " " for one in lines[1 : i + 1]))]
    )


def main(venv, wanted):
    """Build under a lock that the kernel frees when its holder dies; a second caller waits and finds it done."""
    import fcntl

    stamp = venv / "lorafb.stamp"
    with (HERE / ".venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another ./run that is setting up {}".format(venv))
            fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        build(venv)
        temporary = venv / "lorafb.stamp.part"
        temporary.write_text(wanted)
        temporary.replace(stamp)
        say("ready: {}".format(venv))


if __name__ == "__main__":
    check_python()
    try:
        main(Path(sys.argv[1]), sys.argv[2])
    except OSError as error:
        stop("setting up failed: {}".format(error))
    except KeyboardInterrupt:
        stop("setting up interrupted; the next ./run starts it again")
