"""A person's tables: separators, decimal commas and rows as other programs write them."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lorafb.cortex import csv_counts, own_tables
from lorafb.files import InputError

COUNTS = np.arange(2 * 3 * 4).reshape(2, 3, 4) % 5  # repeats, frames, units
NAMES = ("area", "session", "unit", "repeat", "frame", "count")


def lines(counts=COUNTS, unit="{}", session="7"):
    """Rows of a tidy table, each cell as text."""
    for (repeat, frame, nth), count in np.ndenumerate(counts):
        yield ["VISp", session, unit.format(nth + 100), f"{repeat + 1}", f"{frame}", f"{count}"]


def text(rows, separator=",", end="\n"):
    return "".join(separator.join(row) + end for row in [NAMES, *rows])


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


WAYS = {
    "commas": text(lines()),
    "semicolons": text(lines(), ";"),
    "tabs": text(lines(), "\t"),
    "lines of Windows": text(lines(), ";", "\r\n"),
    "a mark at the start": b"\xef\xbb\xbf" + text(lines()).encode(),
    "UTF-16 of a spreadsheet": text(lines(), "\t").encode("utf-16"),
    "gzip": gzip.compress(text(lines(), "\t").encode()),
    "numbers written as 3.0": text([[*row[:2], *(f"{cell}.0" for cell in row[2:])] for row in lines()]),
    "numbers with a decimal comma": text([[*row[:2], *(f"{cell},0" for cell in row[2:])] for row in lines()], ";"),
    "the same in quotes": text([[*row[:2], *(f'"{cell},0"' for cell in row[2:])] for row in lines()]),
    "spaces": text(lines(), ", "),
    "empty rows at the end": text(lines()) + ",,,,,\n,,,,,\n\n",
    "the separator in the first line": "sep=;\n" + text(lines(), ";"),
    "a header that is commented out": "# " + text(lines()),
    "an index in front": "".join(
        f"{line}\n"
        for line in [
            ",area,session,unit,repeat,frame,count",
            *(f"{n},{','.join(row)}" for n, row in enumerate(lines())),
        ]
    ),
    "repeats with names": text([[*row[:3], f"take {row[3]}", *row[4:]] for row in lines()]),
    "capitals": text(lines()).replace("area,session,unit", "Area,Session,UNIT"),
    "a separator at the end of each line": text([[*row, ""] for row in lines()], ";"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_table_gives_the_same_counts(tmp_path, way):
    path = written(tmp_path / "counts.txt", WAYS[way])
    recording = csv_counts.read(path, "VISp", "mine", 25.0)
    assert csv_counts.areas(path) == ["VISp"]
    assert_array_equal(recording.counts, COUNTS)
    assert recording.counts.dtype == np.uint8
    assert recording.units["unit_id"].tolist() == [100, 101, 102, 103]
    assert recording.units["session"].tolist() == [7] * 4


def test_a_parquet_file_gives_the_same_counts(tmp_path):
    table = pd.DataFrame(list(lines()), columns=NAMES).astype(
        {"unit": float, "repeat": "Int64", "frame": int, "count": int}
    )
    table.to_parquet(tmp_path / "a.parquet", index=False)
    table.set_index("unit").to_parquet(tmp_path / "b.parquet")
    for name in ("a.parquet", "b.parquet"):
        recording = csv_counts.read(tmp_path / name, "VISp", "mine", 25.0)
        assert_array_equal(recording.counts, COUNTS)
        assert recording.units["unit_id"].tolist() == [100, 101, 102, 103]
    table.assign(count=[*[1] * 23, np.nan]).to_parquet(tmp_path / "c.parquet")
    with pytest.raises(
        InputError, match=r"c\.parquet: column 'count' is empty in row 24; expected a value in every row"
    ):
        csv_counts.read(tmp_path / "c.parquet", "VISp", "mine", 25.0)


def test_units_and_sessions_may_be_names(tmp_path):
    path = written(
        tmp_path / "counts.csv", text([*lines(unit="B{}", session="Tuesday"), *lines(unit="A{}", session="Monday")])
    )
    recording = csv_counts.read(path, "VISp", "mine", 25.0)
    assert recording.units["unit_id"].tolist() == [f"{mouse}{n}" for mouse in "AB" for n in (100, 101, 102, 103)]
    assert recording.units["session"].tolist() == ["Monday"] * 4 + ["Tuesday"] * 4
    assert_array_equal(recording.counts, np.concatenate([COUNTS, COUNTS], axis=2))


def test_columns_may_be_called_otherwise(tmp_path):
    path = written(tmp_path / "counts.csv", text(lines()).replace("area,session,unit", "region,mouse,cell"))
    names = {"area": "region", "session": "mouse", "unit": "cell"}
    assert csv_counts.areas(path, names) == ["VISp"]
    recording = csv_counts.read(path, "VISp", "mine", 25.0, names)
    assert_array_equal(recording.counts, COUNTS)
    assert set(recording.units["session"]) == {7}
    with pytest.raises(InputError, match="column 'day' is missing; it has region, mouse"):
        csv_counts.read(path, "VISp", "mine", 25.0, names | {"session": "day"})


def test_real_values_may_be_negative_and_stay_as_they_are(tmp_path):
    values = (COUNTS - 1.5) / 7
    recording = csv_counts.read(written(tmp_path / "dff.csv", text(lines(values))), "VISp", "mine", 25.0, real=True)
    assert_array_equal(recording.counts, values)
    assert_array_equal(recording.summed, values[0] + values[1])
    assert recording.real


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            text(lines()).replace("VISp,7,101,1,1,0", "VISp,7,101,1,1,"),
            "column 'count' is empty in line 7; expected a value",
        ),
        (text(lines()).replace("VISp,7,101,1,1,0", ""), "column 'area' is empty in line 7"),
        (
            text(lines()).replace("VISp,7,101,1,1,0", "VISp,7,101,1,1,x"),
            "column 'count' holds x in line 7, expected numbers",
        ),
        (text(lines()).replace("VISp,7,101,1,1,0", "VISp,7,101,1,1,nan"), "column 'count' holds nan in line 7"),
        (
            text(lines()).replace("VISp,7,101,1,1,0", "VISp,7,101,1,0.5,0"),
            "column 'frame' holds 0.5 in line 7, expected whole",
        ),
        (text(lines()).replace("VISp,7,101,1,1,0", "VISp,7,101,1,1,0,5"), "Expected 6 fields in line 7, saw 7"),
        (
            text([[*row[:5], f"{row[5]},5"] for row in lines()]),
            "lines have more fields than the header, separated by comma",
        ),
        (text(lines()).replace("session", "unit"), "column 'unit' is there 2 times"),
        (text(lines(), " "), "column 'area' is missing; it has area session .*no comma, semicolon or tab separates"),
        (text([]), "holds no rows"),
        ("", "is no table"),
        (b"PK\x03\x04\0\0\0", "is no table"),
        (b"PAR1....", "is no readable Parquet"),
        (gzip.compress(text(lines()).encode())[:60], "is no table|is no readable table|Compressed file ended"),
        (text(lines()).encode("latin-1").replace(b"VISp", b"VIS\xe9"), "is no text in UTF-8; save it again"),
    ],
    ids=range(15),
)
def test_a_table_that_cannot_be_read_is_named_with_the_line(tmp_path, content, message):
    path = written(tmp_path / "counts.csv", content)
    with pytest.raises(InputError, match=rf"^{path}: [^\n]*({message})[^\n]*$"):
        csv_counts.read(path, "VISp", "mine", 25.0)


finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(finite, min_size=1, max_size=8),
    separator=st.sampled_from(list(own_tables.SEPARATORS)),
    comma=st.booleans(),
    quoted=st.booleans(),
)
def test_numbers_come_back_exactly_or_are_refused(tmp_path_factory, values, separator, comma, quoted):
    """Whatever separates columns and decimals: the numbers that were written, never others."""
    cells = [repr(value).replace(".", ",") if comma else repr(value) for value in values]
    quoted = quoted or (comma and separator == ",")
    rows = [["time", "unit"], *([f'"{cell}"' if quoted else cell, "u"] for cell in cells)]
    path = written(tmp_path_factory.mktemp("t") / "t.csv", "\n".join(separator.join(row) for row in rows))
    could_be_thousands = [bool(re.fullmatch(own_tables.THOUSANDS, cell)) for cell in cells if "," in cell]
    if comma and separator != ";" and could_be_thousands and all(could_be_thousands):
        with pytest.raises(InputError, match="thousands or a decimal comma"):
            own_tables.read(path).numbers("time")
    else:
        assert_array_equal(own_tables.read(path).numbers("time"), values)


def test_a_comma_that_may_separate_thousands_is_refused(tmp_path):
    for cells, numbers in (
        (["1,234", "2"], None),
        (["1,234", "12,500"], None),
        (["1,234,567"], None),
        (["1,234.5"], None),
        (["1,234", "0,500"], [1.234, 0.5]),
        (["1,234", "1,5"], [1.234, 1.5]),
        (["1234,567"], [1234.567]),
    ):
        path = written(tmp_path / "t.tsv", "time\tunit\n" + "".join(f"{cell}\t1\n" for cell in cells))
        if numbers is None:
            with pytest.raises(InputError, match=r"column 'time' holds 1,234.* in line 2, "):
                own_tables.read(path).numbers("time")
        else:
            assert own_tables.read(path).numbers("time").tolist() == numbers
    path = written(tmp_path / "t.csv", "time;unit\n1,234;1\n2;1\n")
    assert own_tables.read(path).numbers("time").tolist() == [1.234, 2]


@pytest.mark.parametrize("missing", ["NaN", "NA", "-"])
def test_the_cell_that_is_no_number_is_named_and_none_before_it(tmp_path, missing):
    (tmp_path / "x.csv").write_text(f"time\n1.0\n1.05\n{missing}\n")
    with pytest.raises(InputError, match=f"column 'time' holds {missing} in line 4, expected numbers"):
        own_tables.read(tmp_path / "x.csv").numbers("time")


def test_remarks_before_the_header_are_passed_over(tmp_path):
    (tmp_path / "x.csv").write_text("# made, by me\n# on a day\nunit,time,area\n1,0.5,VISp\n2,x,VISp\n")
    table = own_tables.read(tmp_path / "x.csv")
    assert table.ids("unit").tolist() == [1, 2]
    with pytest.raises(InputError, match="holds x in line 5"):
        table.numbers("time")
    (tmp_path / "y.csv").write_text("# unit,time\n1,0.5\n")
    assert own_tables.read(tmp_path / "y.csv").numbers("time").tolist() == [0.5]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04xl", "an Excel workbook"),
        (b"BZh9", "a file packed by bzip2"),
        (b"ARROW1", "a file of Feather"),
        (b"<!DOCTYPE html>", "a web page"),
        (b'{"a": 1}', "JSON"),
        (b"\x80\x05", "a pickle, which is never read"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path, content, told):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(InputError, match=f"x.csv: is no table, but {told}.*save it as CSV in UTF-8, or as Parquet"):
        own_tables.read(tmp_path / "x.csv")
