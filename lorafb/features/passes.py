"""One pass over a movie: the products of every layer, and the features of those that are kept."""

import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import nn

from lorafb.artefacts.grams import Products
from lorafb.features.extract import Progress, extract
from lorafb.features.gram import products
from lorafb.features.prepare import FrameSource
from lorafb.features.store import FeatureWriter, read_blocks
from lorafb.files import part_of
from lorafb.networks.catalogue import Feed


def movie_pass(
    model: nn.Module,
    layers: Sequence[str],
    source: FrameSource,
    n_frames: int,
    feed: Feed,
    scratch: Path,
    *,
    kept: h5py.Group | None = None,
    keep: Collection[str] = (),
    device: torch.device | str = "cpu",
    images_at_once: int = 16,
    memory_bytes: int = 2**28,
    progress: Progress | None = None,
) -> dict[str, Products]:
    """Show a movie once; write the features of some layers, return the products of all.

    Parameters
    ----------
    model, layers, source, feed, device, images_at_once, progress
        As for `lorafb.features.extract.extract`.
    n_frames : number of frames T, shown in the movie's order
    scratch : folder for a temporary file with the features that are not kept, gone at the end
    kept, keep : open HDF5 group for features, and the layers whose features go there
    memory_bytes : bound of a block of features read back for the products

    Returns
    -------
    dict of Products, in the order of `layers`
    """
    with (
        tempfile.TemporaryDirectory(dir=scratch, prefix=part_of("pass"), suffix=".part") as folder,
        h5py.File(f"{folder}/rest.h5", "w") as rest,
    ):
        passing = FeatureWriter(rest, n_frames)
        keeping = passing if kept is None else FeatureWriter(kept, n_frames)
        writers = {layer: keeping if layer in keep else passing for layer in layers}

        extract(
            model,
            layers,
            source,
            np.arange(n_frames),
            feed,
            lambda block: writers[block.layer](block),
            device=device,
            images_at_once=images_at_once,
            progress=progress,
        )
        for writer in {passing, keeping}:
            writer.finish()

        return {
            layer: products(
                read_blocks(writer.group, layer, memory_bytes=memory_bytes), int(writer.group[layer].attrs["scale"])
            )
            for layer, writer in writers.items()
        }
