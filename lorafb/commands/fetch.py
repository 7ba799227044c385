"""`lorafb fetch`: list, fetch and verify the files of the published study, or those that a study lacks."""

import shutil
import sys
from argparse import Namespace
from fnmatch import fnmatchcase
from pathlib import Path

from lorafb import job
from lorafb.config import reading
from lorafb.fetch import assets, lock, registry, table
from lorafb.fetch.download import Progress
from lorafb.fetch.registry import Asset
from lorafb.files import InputError, write_text

ROOT = Path(__file__).parent.parent.parent
DEFAULT = Path("data/paper")
Wanted = tuple[Asset, Path]
"""An asset, and its data folder."""


def run(told: Namespace) -> int:
    """Do what was asked for every asset; a line each, and exit code 2 where one of them failed."""
    if told.write:
        write_text(table.PAGE, table.written(table.PAGE.read_text(encoding="utf-8")))
        return 0
    wanted = _wanted(told)
    if not wanted:
        print(f"{told.configfile or told.to or DEFAULT}: nothing of the registry is there or asked for")
        return 0
    if told.list:
        print("\n".join(_described(asset) for asset, _ in wanted))
        return 0
    if told.dry_run:
        print("\n".join(_planned(wanted)))
        return 0
    failed = 0
    for asset, folder in wanted:
        try:
            print(_verified(asset, folder) if told.verify else _fetched(asset, folder), flush=True)
        except InputError as error:
            failed += 1
            print(error, file=sys.stderr)
    return 2 if failed else 0


def _wanted(told: Namespace) -> list[Wanted]:
    """Choose what is asked for: of a study, by name, or all; only what is there, where all is to be verified."""
    if told.configfile and told.to:
        raise InputError("--to: not together with --configfile, which says where the files go")
    folder = told.to or DEFAULT
    known = [(asset, folder) for asset in registry.assets().values()]
    wanted = _of_study(told.configfile) if told.configfile else known
    if told.only:
        return [one for name in told.only for one in _named(name, wanted)]
    if told.verify and not told.configfile:
        return [(asset, folder) for asset, folder in wanted if (folder / asset.path).exists()]
    if not (told.configfile or told.list or told.dry_run):
        raise InputError(
            f"nothing is named: --configfile FILE fetches what a study lacks, --only NAME some files, --only '*' all ({_sum(wanted)})"
        )
    return wanted


def _of_study(file: Path) -> list[Wanted]:
    """List the assets of a study, each where the workflow looks for it."""
    folders = (Path.cwd(), ROOT)
    study = reading.read(ROOT / "config.yaml", reading.load(file), folders)
    found = []
    for name, where in study.assets.items():
        asset, folder = registry.of_study(name, where)
        elsewhere = reading.locate(name, folders).is_file() and not Path(name).is_file()
        found.append((asset, ROOT / folder if elsewhere else folder))
    return found


def _named(name: str, wanted: list[Wanted]) -> list[Wanted]:
    """Assets of a name: a path, the last part of one, or a pattern with * in it."""
    if any(mark in name for mark in "*?["):
        found = [one for one in wanted if fnmatchcase(one[0].path, name)]
        if not found:
            raise InputError(f"--only: no path matches {name!r}")
        return found
    found = [one for one in wanted if one[0].path == name] or [one for one in wanted if Path(one[0].path).name == name]
    if len(found) == 1:
        return found
    asset = registry.find(name)  # says what is wrong with the name
    raise InputError(f"--only: {asset.path} is no asset of the study")


def _planned(wanted: list[Wanted]) -> list[str]:
    """Say of each asset what would be done, and what all that is missing takes."""
    missing = [(asset, folder) for asset, folder in wanted if not (folder / asset.path).exists()]
    lines = [
        f"{folder / asset.path}: {_plan(asset) if (asset, folder) in missing else 'is there'}"
        for asset, folder in wanted
    ]
    folder = wanted[0][1].absolute()
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.is_dir())).free
    return [*lines, f"missing: {_sum(missing)}; {free / 1e9:.1f} GB are free"]


def _plan(asset: Asset) -> str:
    return f"would be fetched from {asset.where}" if asset.mirrors else f"is to be got by hand, {asset.by_hand}"


def _sum(wanted: list[Wanted]) -> str:
    sizes = [asset.size for asset, _ in wanted]
    known = f"{sum(size or 0 for size in sizes) / 1e9:.1f} GB"
    return f"{len(wanted)} files, {known}{' and what has no known size' if None in sizes else ''}"


def _verified(asset: Asset, folder: Path) -> str:
    return f"{folder / asset.path}: {assets.verify(asset, folder)}"


def _fetched(asset: Asset, folder: Path) -> str:
    was_there = (folder / asset.path).exists()
    path = assets.fetch(asset, folder, progress_bar(), say=lambda line: print(line, file=sys.stderr))
    return f"{path}: {'was there, and fits' if was_there else f'fetched, its hash is in {lock.NAME}'}"


def progress_bar() -> Progress | None:
    """Make a bar, for a person who looks."""
    return job.bar("bytes") if sys.stderr.isatty() else None


def _described(asset: Asset) -> str:
    size = f", {asset.size / 1e9:.2f} GB" if asset.size else ""
    return f"{asset.path}\n  {asset.what}{size}\n  from {asset.where}\n  licence: {asset.licence}\n  cite: {'; '.join(asset.cite)}"
