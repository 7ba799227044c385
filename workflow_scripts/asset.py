"""Fetch a file that a study needs and nobody has put in its place yet."""

import logging
import sys

from lorafb.fetch import fetch_asset, registry
from lorafb.job import progress, start


def say(line: str) -> None:
    """Write a line to the log and to the terminal."""
    logging.warning("%s", line)
    print(line, file=sys.stderr)


if __name__ == "__main__":
    job = start(globals()["snakemake"])
    asset, folder = registry.of_study(job.output[0])
    fetch_asset.fetch(asset, folder, progress("bytes"), say)
