"""Which area of a study a recorded place belongs to, as people and files write it: VISp2/3, visp, Primary visual area, V1.

A place that no rule knows is in no area: guessing would put units of one area into another.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from lorafb.files import InputError

Areas = Mapping[str, Sequence[str]] | Sequence[str]
"""Names of a study's areas; as a mapping with other names of each, in which * and ? stand for any letters."""

LAYER = r"(?:1|2/3|2|3|4|5|6[ab]?|2[ab]|5[ab])"
ATTACHED = re.compile(r"(?:VIS|MO|SS|AUD|RSP|ACA|PL|ILA|ORB|AI|GU|TEa|PERI|ECT|PTLp|FRP)\w*?", re.IGNORECASE)
"""Areas whose layer may follow without a space: only those of cortex, since CA1 is no layer of CA."""
FULL = {
    "visp": ("Primary visual area",),
    "visl": ("Lateral visual area",),
    "visrl": ("Rostrolateral visual area", "Rostrolateral lateral visual area", "Rostrolateral area"),
    "visal": ("Anterolateral visual area",),
    "vispm": ("Posteromedial visual area",),
    "visam": ("Anteromedial visual area",),
    "visli": ("Laterointermediate area", "Laterointermediate visual area"),
    "vispl": ("Posterolateral visual area",),
    "vispor": ("Postrhinal area",),
    "visa": ("Anterior area", "Anterior visual area"),
    "lgd": ("Dorsal part of the lateral geniculate complex",),
    "lp": ("Lateral posterior nucleus of the thalamus",),
    "ca1": ("Field CA1",),
    "ca3": ("Field CA3",),
    "dg": ("Dentate gyrus",),
    "sub": ("Subiculum",),
}
"""Full names of areas in the Allen Mouse Brain Common Coordinate Framework (and spellings in use), by acronym in lower case."""


def place(location: str, areas: Areas) -> str | None:
    """Area of a study that a recorded place is in.

    Parameters
    ----------
    location : as a file writes it
    areas : the study's

    Returns
    -------
    str or None
        The area whose name, or whose full Allen name, it is, in capitals or not, with a layer or not ("VISp2/3", "visp 4",
        "Primary visual area, layer 4"); else the one that has a pattern for it; None for a place in no area.

    Raises
    ------
    InputError
        If patterns of two areas fit.
    """
    words = " ".join(location.split())
    for area in areas:
        if any(_is(words, name) for name in (area, *FULL.get(area.lower(), ()))):
            return area
    if not isinstance(areas, Mapping):
        return None
    fits = [area for area, patterns in areas.items() if any(_fits(words, pattern) for pattern in patterns)]
    if len(fits) > 1:
        raise InputError(
            f"areas: the recorded place {location!r} fits {' and '.join(fits)}; make their names more exact"
        )
    return fits[0] if fits else None


def _is(words: str, name: str) -> bool:
    between = rf"(?:,? ?layer ?|[ _-]?L|[ _-]{'?' if ATTACHED.fullmatch(name) else ''})"
    return re.fullmatch(rf"{re.escape(name)}(?:{between}{LAYER})?", words, re.IGNORECASE) is not None


def _fits(words: str, pattern: str) -> bool:
    """Whether a pattern of the config fits a place, in capitals or not; a name without a star may be followed by a layer."""
    return fnmatchcase(words.lower(), " ".join(pattern.split()).lower()) or _is(words, pattern)


def inside(area: str, known: Iterable[str], areas: Areas) -> list[str]:
    """Places of a recording that are in an area, in the recording's order."""
    return [location for location in known if place(location, areas) == area]


def elsewhere(known: Iterable[str], areas: Areas) -> list[str]:
    """Places of a recording that are in no area of the study, in the recording's order."""
    return [location for location in known if place(location, areas) is None]
