"""NWB sessions, as files or by their address, for `lorafb inspect`."""

import re
from typing import Any

from lorafb.commands.kinds.finding import FEWEST, KNOWN, NAMES, Finding, areas, by_area, name
from lorafb.cortex import allen
from lorafb.cortex.hdf5_tables import Source
from lorafb.cortex.intervals import Columns, Layout
from lorafb.cortex.presentations import Repeats, movie_repeats, scene_repeats
from lorafb.cortex.quality import COLUMNS, Quality
from lorafb.files import InputError

Shown = tuple[Repeats, Layout, bool]
"""Whole repeats of a table, how it is read, and whether it shows scenes."""


def session(source: Source, called: str) -> Finding:
    """Say which units and which presentations a session has; `called` is how a config names it."""
    with allen.session(source, called) as opened:
        column = _place_column(opened)
        units = opened.units(KNOWN, column)
        tables = {one: _shown(opened, one) for one in opened.tables()}
        number = opened.session_id()
    held = units["area"].dropna()
    nowhere = f"; of unknown place {n}" if (n := len(units) - len(held)) else ""
    quality = [one for one in COLUMNS if one in units]
    rows = [("units", f"{len(units)}: {by_area(held)}{nowhere}"), ("quality", ", ".join(quality) or "no column of it")]
    rows += [row for one, shown in tables.items() for row in table_rows(one, shown)]
    usable = {one: shown for one, shown in tables.items() if not isinstance(shown, str)}
    title = f"NWB session {number}"
    if not len(held):
        return Finding(
            title, rows, hints=("no unit has a known place; a column of the table of units may say it (`unit_area`)",)
        )
    if not usable:
        return Finding(title, rows, hints=("no table of intervals shows frames in repeats",))
    filters = all(one in quality for one, bound in Quality(quality="good") if bound is not None)
    part: dict[str, Any] = {"areas": areas(held)}
    for one, (_, layout, scenes) in usable.items():
        is_allen = filters and one.endswith("_presentations")
        short = one.removesuffix("_presentations") if is_allen else one
        recording = {"kind": "allen" if is_allen else "nwb", "sessions": [called], "presentations": short}
        about = layout.model_copy(update={"unit_area": column}).model_dump(exclude_defaults=True)
        part.setdefault("scenes" if scenes else "movies", {})[name(short)] = {"recording": recording | about}
    hint = (
        "add the stimulus of each (`lorafb inspect` of a video or a folder prints one); leave out what you do not use"
    )
    return Finding(title, rows, part, [hint])


def _place_column(session: allen.Session) -> str | None:
    """Column of the table of units that says where each is, where the electrodes do not."""
    known = {one.lower(): one for one in session.columns("", "units")}
    columns = [known[word] for word in NAMES["area"].split() if word in known]
    try:
        placed = bool(session.units(KNOWN)["area"].notna().any())
    except InputError:
        if not columns:
            raise
        placed = False
    return None if placed or not columns else columns[0]


def _shown(session: allen.Session, table: str) -> Shown | str:
    """Find what a table of intervals, or an IndexSeries, shows; else say why it shows no frames in repeats."""
    columns, why = session.columns("intervals", table), ""
    named = not columns or {"frame", "movie_frame_index"} & set(columns)
    likely = [one for one in columns if re.search("frame|image|stim|index|number", one, re.IGNORECASE)]
    layouts = [Layout(columns=Columns(frame=one)) for one in likely if not one.endswith("_index")]
    lists = [one for one in columns if f"{one}_index" in columns and one != "tags"]
    layouts += [Layout(rows="showings", columns=Columns(frame_times=one)) for one in lists]
    best: Shown | None = None
    for layout in [Layout()] if named else layouts:
        try:
            rows = session.presentations([table], layout)
        except InputError as error:
            why = why or str(error).rpartition(f"/{table}")[2].removeprefix(":")
            continue
        for scenes, cut in ((False, movie_repeats), (True, scene_repeats)):
            try:
                repeats = cut(rows)
            except InputError as error:
                why = why or str(error).rpartition(f"/{table}")[2].removeprefix(":")
                continue
            if repeats.start.shape[1] >= FEWEST and (best is None or repeats.start.size > best[0].start.size):
                best = repeats, layout, scenes
            break
    reasons = [one for one in (why.strip(), f"columns {', '.join(columns)}" if columns else "") if one]
    return best or f"no frames in repeats: {'; '.join(reasons)}"


def table_rows(table: str, shown: Shown | str) -> list[tuple[str, str]]:
    """Describe the repeats of a table, and what was cut or left out."""
    if isinstance(shown, str):
        return [(table, shown)]
    repeats, _, scenes = shown
    n_repeats, n_frames = repeats.start.shape
    what = "scenes in random order" if scenes else f"frames at {repeats.rate_hz:g} Hz"
    times = f"{repeats.start.min():.1f} to {repeats.stop.max():.1f} s"
    told = [("", note.text.rpartition("intervals/")[2]) for note in repeats.notes if note.text]
    return [(table, f"{n_repeats} repeats of {n_frames} {what}, {times}"), *told]
