"""`lorafb fetch`: list, fetch and verify the files of the published study, or those that a study lacks."""

import shutil
import sys
from argparse import Namespace
from fnmatch import fnmatchcase
from pathlib import Path

from lorafb import job
from lorafb.config import reading
from lorafb.config.reading import ROOT
from lorafb.fetch import docs_table, fetch_asset, first_hashes, registry
from lorafb.fetch.registry import Asset
from lorafb.files import InputError, Progress, write_text

DEFAULT = Path("data/paper")
Wanted = tuple[Asset, Path]
"""An asset, and its data folder."""


def run(args: Namespace) -> int:
    """List, plan, verify or fetch every wanted asset, a line each; exit code 2 where one of them failed."""
    if args.write:
        write_text(docs_table.PAGE, docs_table.with_table(docs_table.PAGE.read_text(encoding="utf-8")))
        return 0
    wanted = _wanted(args)
    if not wanted:
        print(f"{args.configfile or args.to or DEFAULT}: nothing of the registry is there or asked for")
    elif args.list:
        for asset, _ in wanted:
            size = f", {asset.size / 1e9:.2f} GB" if asset.size else ""
            print(f"{asset.path}\n  {asset.what}{size}\n  from {asset.where}")
            print(f"  licence: {asset.licence}\n  cite: {'; '.join(asset.cite)}")
    elif args.dry_run:
        _print_plan(wanted)
    else:
        failed = 0
        for asset, folder in wanted:
            try:
                line = fetch_asset.verify(asset, folder) if args.verify else _fetch(asset, folder)
                print(f"{folder / asset.path}: {line}", flush=True)
            except InputError as error:
                failed += 1
                print(error, file=sys.stderr)
        return 2 if failed else 0
    return 0


def _wanted(args: Namespace) -> list[Wanted]:
    """Assets that are asked for: of a study, by name, or all; for --verify of all, those that are there."""
    if args.configfile and args.to:
        raise InputError("--to: not together with --configfile, which says where the files go")
    folder = args.to or DEFAULT
    wanted = _of_study(args.configfile) if args.configfile else [(one, folder) for one in registry.assets().values()]
    if args.only:
        return [one for name in args.only for one in _matching(name, wanted)]
    if args.verify and not args.configfile:
        return [(asset, folder) for asset, folder in wanted if (folder / asset.path).exists()]
    if not (args.configfile or args.list or args.dry_run):
        raise InputError(
            f"nothing is named: --configfile FILE fetches what a study lacks, --only NAME some files, --only '*' all ({_sum(wanted)})"
        )
    return wanted


def _of_study(file: Path) -> list[Wanted]:
    """Assets of a study, each with the folder in which the workflow looks for it."""
    folders, wanted = reading.folders([file]), []
    study = reading.read(ROOT / "config.yaml", reading.merged([file]), folders)
    for name, where in study.assets.items():
        asset, folder = registry.of_study(name, where)
        there = Path() if Path(name).is_file() else next((one for one in folders if (one / name).is_file()), Path())
        wanted.append((asset, there / folder))
    return wanted


def _matching(name: str, wanted: list[Wanted]) -> list[Wanted]:
    """Assets of a name: a path, the last part of one, or a pattern with * in it."""
    if any(mark in name for mark in "*?["):
        matches = [one for one in wanted if fnmatchcase(one[0].path, name)]
        if not matches:
            raise InputError(f"--only: no path matches {name!r}")
        return matches
    matches = [one for one in wanted if one[0].path == name] or [
        one for one in wanted if Path(one[0].path).name == name
    ]
    if len(matches) == 1:
        return matches
    raise InputError(f"--only: {registry.find(name).path} is no asset of the study")  # find raises for a wrong name


def _print_plan(wanted: list[Wanted]) -> None:
    """Print for each asset what would be done, then the number and size of all that is missing."""
    missing = [(asset, folder) for asset, folder in wanted if not (folder / asset.path).exists()]
    for asset, folder in wanted:
        plan = f"would be fetched from {asset.where}" if asset.mirrors else f"must be got by hand, {asset.by_hand}"
        print(f"{folder / asset.path}: {plan if (asset, folder) in missing else 'is there'}")
    folder = wanted[0][1].absolute()
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.is_dir())).free
    print(f"missing: {_sum(missing)}; {free / 1e9:.1f} GB are free")


def _sum(wanted: list[Wanted]) -> str:
    sizes = [asset.size for asset, _ in wanted]
    known = f"{sum(size or 0 for size in sizes) / 1e9:.1f} GB"
    return f"{len(wanted)} files, {known}{' and files of unknown size' if None in sizes else ''}"


def _fetch(asset: Asset, folder: Path) -> str:
    present = (folder / asset.path).exists()
    fetch_asset.fetch(asset, folder, progress_bar(), say=lambda line: print(line, file=sys.stderr))
    return "was there, and fits" if present else f"fetched, its hash is in {first_hashes.NAME}"


def progress_bar() -> Progress | None:
    """Make a bar where stderr is a terminal."""
    return job.bar("bytes") if sys.stderr.isatty() else None
