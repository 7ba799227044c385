"""The table of docs/data.md: what the registry holds, a row a group of files."""

from pathlib import Path

from lorafb.fetch import registry
from lorafb.fetch.registry import Asset, Drive, Group, Https, Images
from lorafb.files import InputError

PAGE = Path(__file__).parent.parent.parent / "docs" / "data.md"
BEGINNING, END = "<!-- made by lorafb fetch --write -->", "<!-- end -->"


def written(page: str) -> str:
    """Put the table between its two marks in the text of a page."""
    before, mark, rest = page.partition(BEGINNING)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise InputError(f"{PAGE}: lacks the marks {BEGINNING} and {END} that the table stands between")
    return f"{before}{BEGINNING}\n{table()}\n{END}{after}"


def table() -> str:
    """Markdown of the registry, and of what to cite."""
    groups = registry.groups()
    cited = list(dict.fromkeys(line for group in groups for line in group.assets[0].cite))
    rows = [_row(group, cited) for group in groups]
    head = [
        "| files | what | from | size | held against | licence | cite |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, "", *(f"{number}. {line}" for number, line in enumerate(cited, 1))])


def _row(group: Group, cited: list[str]) -> str:
    first = group.assets[0]
    sizes = [asset.size for asset in group.assets]
    cells = (
        "<br>".join(f"`{pattern}`" for pattern in group.patterns),
        first.what + (f" ({len(group.assets)} files)" if len(group.assets) > 1 else ""),
        "<br>".join(dict.fromkeys(_from(mirror) for mirror in first.mirrors)) or f"by hand: {first.by_hand}",
        "" if None in sizes else f"{sum(size or 0 for size in sizes) / 1e9:.1f} GB",
        _held_against(first),
        first.licence,
        ", ".join(str(1 + cited.index(line)) for line in first.cite),
    )
    return f"| {' | '.join(cells)} |"


def _from(mirror: registry.Mirror) -> str:
    match mirror:
        case Https(url) | Images(url, _):
            host = url.partition("//")[2].partition("/")[0]
            return f"[{host}]({url})" if isinstance(mirror, Https) else f"{host}, {mirror.count} images"
        case Drive(folder, _):
            return f"[Google Drive](https://drive.google.com/drive/folders/{folder})"
    return f"the archive `{mirror.archive}`"


def _held_against(asset: Asset) -> str:
    if len(asset.sha256) == 64:
        return "sha256"
    if asset.sha256:
        return f"the first {len(asset.sha256)} digits of the sha256"
    shape = f"shape {asset.shape}" if asset.shape else ""
    md5 = ", md5 of another copy of the array" if asset.md5_of_array else ""
    return f"{shape}{md5}{', ' if shape else ''}its own first fetch"
