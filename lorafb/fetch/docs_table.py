"""The table of docs/data.md: what the registry holds, a row per group of files."""

from pathlib import Path

from lorafb.fetch import registry
from lorafb.fetch.registry import Asset, Group, Mirror
from lorafb.files import InputError

PAGE = Path(__file__).parent.parent.parent / "docs" / "data.md"
BEGINNING, END = "<!-- made by lorafb fetch --write -->", "<!-- end -->"
HEAD = "| files | what | from | size | held against | licence | cite |\n| --- | --- | --- | --- | --- | --- | --- |"


def with_table(page: str) -> str:
    """Put the table between its two marks in the text of a page."""
    before, mark, rest = page.partition(BEGINNING)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise InputError(f"{PAGE}: lacks the marks {BEGINNING} and {END} between which the table is written")
    groups = registry.groups()
    cited = list(dict.fromkeys(line for group in groups for line in group.assets[0].cite))
    rows = [_row(group, cited) for group in groups]
    table = [HEAD, *rows, "", *(f"{number}. {line}" for number, line in enumerate(cited, 1))]
    return "\n".join([before + BEGINNING, *table, END + after])


def _row(group: Group, cited: list[str]) -> str:
    first = group.assets[0]
    sizes = [asset.size for asset in group.assets]
    cells = (
        "<br>".join(f"`{pattern}`" for pattern in group.patterns),
        first.what + (f" ({len(group.assets)} files)" if len(group.assets) > 1 else ""),
        "<br>".join(dict.fromkeys(map(_source, first.mirrors))) or f"by hand: {first.by_hand}",
        "" if None in sizes else f"{sum(size or 0 for size in sizes) / 1e9:.1f} GB",
        _compared_with(first),
        first.licence,
        ", ".join(str(1 + cited.index(line)) for line in first.cite),
    )
    return f"| {' | '.join(cells)} |"


def _source(mirror: Mirror) -> str:
    host = mirror.source.partition("//")[2].partition("/")[0]
    cells = {
        "https": f"[{host}]({mirror.source})",
        "images": f"{host}, {mirror.count} images",
        "drive": f"[Google Drive](https://drive.google.com/drive/folders/{mirror.source})",
        "archive": f"the archive `{mirror.source}`",
    }
    return cells[mirror.kind]


def _compared_with(asset: Asset) -> str:
    if asset.sha256:
        return "sha256" if len(asset.sha256) == 64 else f"the first {len(asset.sha256)} digits of the sha256"
    shape = f"shape {asset.shape}, " if asset.shape else ""
    md5 = "md5 of another copy of the array, " if asset.md5_of_array else ""
    return f"{shape}{md5}its own first fetch"
