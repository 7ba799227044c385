"""`lorafb check TENSOR --against TEMPLATE`: how far a published tensor lies from our preparation of the same frames."""

from collections.abc import Iterator
from pathlib import Path

from lorafb.features.published_tensors import differences, read_prepared
from lorafb.stimuli import array


def lines(tensor: Path, template: Path) -> Iterator[str]:
    """Say a line for each way to prepare the template, the nearest first.

    Parameters
    ----------
    tensor : published stimulus, .pt
    template : the frames as they were shown, uint8, .npy
    """
    published = read_prepared(tensor)
    shown = array.read(template, None, rate_hz=1)
    for place, one in enumerate(differences(published, shown.frames)):
        way = f"{'with' if one.antialias else 'without'} antialias, normalised {one.normalisation!r}"
        nearest = "nearest: " if place == 0 else ""
        yield f"  {nearest}{template.name} {way}: differs by {one.mean:.3g} on average, by {one.largest:.3g} at most"
