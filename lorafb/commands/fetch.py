"""`lorafb fetch`: list, fetch and verify the files of the published study."""

import sys
from argparse import Namespace

from lorafb import job
from lorafb.fetch import assets, registry
from lorafb.fetch.registry import Asset
from lorafb.files import InputError


def run(told: Namespace) -> int:
    """Do what was asked for every asset; a line each, and exit code 2 where one of them failed."""
    wanted = [registry.find(name) for name in told.only] if told.only else list(registry.assets().values())
    if told.list:
        print("\n".join(_described(asset) for asset in wanted))
        return 0
    failed = 0
    for asset in wanted:
        try:
            print(_one(asset, told))
        except InputError as error:
            failed += 1
            print(error, file=sys.stderr)
    return 2 if failed else 0


def _one(asset: Asset, told: Namespace) -> str:
    path = told.to / asset.path
    if told.dry_run:
        return f"{path}: {'is there' if path.is_file() else f'would be fetched from {asset.where}'}"
    if told.verify:
        return f"{path}: as it should be, sha256 {assets.verify(asset, told.to)[:12]}"
    progress = job.bar("bytes") if sys.stderr.isatty() else None
    fetched = assets.fetch(asset, told.to, progress, say=lambda line: print(line, file=sys.stderr))
    return f"{fetched}: there"


def _described(asset: Asset) -> str:
    return f"{asset.path}\n  {asset.what}\n  from {asset.where}\n  licence: {asset.licence}\n  cite: {'; '.join(asset.cite)}"
