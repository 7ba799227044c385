"""README and docs: every command in them is one that the program takes, and runs; examples give what they say; links lead somewhere."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from test_data_examples import ROOT, blocks

from lorafb import cli
from lorafb.files import InputError

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += [ROOT / "examples/own/README.md", ROOT / "results/README.md"]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)\s]*)?\)|`[^`<]+ <([^>`]+)>`")
HOW = ("", "dry", "elsewhere")
"""How a block of commands is run: as it stands; `dry`, studies as dry runs (.ci/run runs the short ones); or not at all."""
LEFT_OUT = re.compile("required|expected one argument")
RUN = """#!/bin/sh
if [ "$1" = snakemake ] && [ "$DRY" = yes ]; then set -- "$@" -n --quiet rules; fi
if [ "$1" = pytest ] && [ "$DRY" = yes ]; then set -- "$@" --collect-only -q -p no:cacheprovider; fi
exec "$@"
"""
"""In place of the repository's own `run`, which makes an environment: runs its arguments in this one."""


def text_of(name):
    return (ROOT / name).read_text()


def commands(text):
    """Commands of the blocks of a page, one a line, without comments."""
    joined = "\n".join(content for _, content in blocks(text, "sh")).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip()]


def problem_of(line):
    """What the program says against the arguments of a command `lorafb ...`; "" where it takes them."""
    words = shlex.split(line, comments=True)
    words = words[: next((place for place, word in enumerate(words) if word in ("||", "&&", "|", ">")), None)]
    try:
        cli._parse(words[words.index("lorafb") + 1 :])
    except SystemExit as ended:  # --help, --version
        return str(ended.code or "")
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_lorafb_in_a_page_is_one_that_it_takes(name):
    text = text_of(name)
    assert {how or "" for how, _ in blocks(text, "sh")} <= set(HOW)
    whole = [line for line in commands(text) if re.match(r"(\S*run )?lorafb ", line)]
    inline = re.findall(r"`((?:\./run )?lorafb [a-z][^`]*)`", text)  # may leave out what a command needs
    problems = {line: problem_of(line) for line in [*whole, *inline]}
    wrong = {line: told for line, told in problems.items() if told and (line in whole or not LEFT_OUT.search(told))}
    assert wrong == {}


def script(text):
    """Put the blocks of a page into one shell script: files written, commands run, in the order of the page."""
    lines = ["set -euo pipefail"]
    for kind, behind, content in re.findall(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        if kind == "sh" and behind != "elsewhere":
            lines += [f"export DRY={'yes' if behind == 'dry' else 'no'}", content]
        elif behind and "." in behind:
            lines += [f"cat > {shlex.quote(behind)} <<'END OF FILE'", f"{content}END OF FILE"]
    return "\n".join(lines)


WITH_COMMANDS = [name for name in NAMES if any(how != "elsewhere" for how, _ in blocks(text_of(name), "sh"))]


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_the_commands_of_a_page_run_as_they_stand(name, tmp_path):
    repository = tmp_path / "lorafb"
    repository.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in ("run", "results", ".venv", ".git", ".snakemake"):
            (repository / entry.name).symlink_to(entry)
    (repository / "results").mkdir()
    (repository / "results/README.md").symlink_to(ROOT / "results/README.md")
    (repository / "run").write_text(RUN)
    (repository / "run").chmod(0o755)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = tmp_path / "home"
    home.mkdir()
    env = {**os.environ, "HOME": str(home), "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script(text_of(name))], cwd=repository, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.parametrize("name", [name for name in NAMES if ">>> " in text_of(name)])
def test_the_examples_of_a_page_give_what_stands_below_them(name):
    examples = "\n".join(content for _, content in blocks(text_of(name), "python") if ">>>" in content)
    test = doctest.DocTestParser().get_doctest(examples, {}, name, name, 0)
    assert doctest.DocTestRunner().run(test).failed == 0
    assert len(test.examples) > 5


@pytest.mark.parametrize("name", NAMES)
def test_every_link_inside_the_repository_leads_to_a_file(name):
    folder = (ROOT / name).parent
    targets = [
        one or other for one, _, other in LINK.findall(re.sub(r"^```.*?^```$", "", text_of(name), flags=re.M | re.S))
    ]
    missing = [one for one in targets if not (folder / one).exists()]
    assert missing == []
