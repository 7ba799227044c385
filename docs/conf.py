"""The documentation site: `./run sphinx-build -W docs OUT`.

Pages are the Markdown files of this folder. What is generated (command line, columns) or stands elsewhere in the repository is
put in where a page says so, when the site is built; links to files outside this folder become downloads of them.
"""

import os
import re
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from lorafb import cli  # noqa: E402
from lorafb.artefacts import columns  # noqa: E402

project, author = "lorafb", "The lorafb authors"
try:
    release = metadata.version("lorafb")
except metadata.PackageNotFoundError:  # a checkout on PYTHONPATH
    release = ""
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["expected"]
html_theme = "furo"
html_title = "lorafb"
html_show_sourcelink = False
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
autodoc_typehints = "none"  # docstrings state types and shapes
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

PAGES = {
    "README.md": "index",
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changelog",
    "results/README.md": "reference/artefacts",
    "examples/own/README.md": "howto/own-study",
}
"""Files outside this folder that are pages of the site."""
MADE: dict[str, Callable[[], str]] = {"columns": columns.reference, "commands": cli.reference}
PLACE = re.compile(r"^<!-- (made|file): (\S+) -->$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(#[^)\s]*)?\)")
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def fill(app: Sphinx, page: str, source: list[str]) -> None:
    """Put generated parts and other files into a page, and turn links to where they lead in the site."""
    text, folder = source[0], (HERE / page).parent
    if held := re.fullmatch(r"<!-- file: (\S+) -->\n?", text):
        folder = (ROOT / held[1]).parent
    text = PLACE.sub(lambda place: _content(place[1], place[2]), text)
    parts = FENCED.split(text)
    parts[::2] = [LINK.sub(lambda link: _link(link, folder, page), part) for part in parts[::2]]
    source[0] = "".join(parts)


def _content(kind: str, name: str) -> str:
    return MADE[name]() if kind == "made" else (ROOT / name).read_text(encoding="utf-8")


def _link(link: re.Match[str], folder: Path, page: str) -> str:
    """Write a link of a file in `folder` as a page of the site has it."""
    label, target, anchor = link[1], (folder / link[2]).resolve(), link[3] or ""
    here = (HERE / page).parent
    name = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
    if target.is_dir():
        name = f"{name}/README.md"
    if name in PAGES:
        return f"[{label}]({os.path.relpath(HERE / PAGES[name], here)}.md{anchor})"
    if target.is_relative_to(HERE) and target.suffix == ".md":
        return f"[{label}]({os.path.relpath(target, here)}{anchor})"
    if (ROOT / name).is_file():
        return f"{{download}}`{label} <{os.path.relpath(ROOT / name, here)}>`"
    return link[0]  # a dead link: the build stops at it


def bars(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Keep the bars of |x| in docstrings, which reStructuredText would take for a substitution."""
    lines[:] = [line.replace("|", r"\|") for line in lines]


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", bars)
    for kind in ("csv", "counts"):
        app.add_lexer(kind, TextLexer)
