"""The comparison of two studies notices a changed digit, and nothing that changes no number."""

import compare_studies
import pandas as pd
import pytest

SCORES = pd.DataFrame(
    {
        "area": ["visp", "visl", "visp"],
        "trial": [0, 0, 1],
        "value": [0.1234567890123456, float("nan"), 0.25],
        "best": [True, False, True],
    }
)


@pytest.fixture
def studies(tmp_path):
    """Two folders with the same tables."""
    for name in ("old", "new"):
        write(SCORES, tmp_path / name / "scores/net/base.csv")
        write(SCORES[["area", "value"]], tmp_path / name / "areas/movie.csv")
    return tmp_path / "old", tmp_path / "new"


def write(table, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)


def compare(studies, capsys, *options):
    """Exit code and the lines before the last one."""
    code = compare_studies.main([*map(str, studies), *options])
    return code, capsys.readouterr().out.splitlines()[:-1]


def test_order_of_rows_and_columns_and_the_type_of_whole_numbers_are_no_difference(studies, capsys):
    assert compare(studies, capsys) == (0, [])
    other = SCORES.iloc[::-1][["best", "value", "area", "trial"]].astype({"trial": float})
    write(other, studies[1] / "scores/net/base.csv")
    assert compare(studies, capsys) == (0, [])


def test_one_digit_is_one_difference(studies, capsys):
    write(SCORES.replace(0.1234567890123456, 0.1234567890123457), studies[1] / "scores/net/base.csv")
    line = "scores/net/base.csv: value 0.1234567890123456 is now 0.1234567890123457 (area=visp trial=0.0 best=True)"
    assert compare(studies, capsys) == (1, [line])


def test_a_row_that_is_missing_or_doubled_is_a_difference(studies, capsys):
    write(SCORES[1:], studies[1] / "scores/net/base.csv")
    code, (line,) = compare(studies, capsys)
    assert (code, line) == (1, "scores/net/base.csv: row only in the old one: area=visp trial=0.0 best=True")
    write(pd.concat([SCORES, SCORES[2:]]), studies[1] / "scores/net/base.csv")
    code, (line,) = compare(studies, capsys)
    assert (code, line) == (1, "scores/net/base.csv: row only in the new one: area=visp trial=1.0 best=True")


def test_a_score_that_is_lost_is_a_difference(studies, capsys):
    write(SCORES.replace(0.25, float("nan")), studies[1] / "scores/net/base.csv")
    code, (line,) = compare(studies, capsys)
    assert (code, line) == (1, "scores/net/base.csv: value 0.25 is now '' (area=visp trial=1.0 best=True)")


def test_a_file_on_one_side_is_listed(studies, capsys):
    old, new = studies
    (new / "areas/movie.csv").unlink()
    write(SCORES, new / "areas/other.csv")
    assert compare(studies, capsys) == (
        1,
        [f"areas/movie.csv: only in {old}", f"areas/other.csv: only in {new}"],
    )
    assert compare(studies, capsys, "--path", "areas/movie.csv=areas/other.csv")[0] == 1  # its columns differ
    write(SCORES[["area", "value"]], new / "areas/other.csv")
    assert compare(studies, capsys, "--path", "areas/movie.csv=areas/other.csv") == (0, [])


def test_a_renamed_column_is_the_same_only_where_that_is_stated(studies, capsys):
    write(SCORES.rename(columns={"best": "of_area"}), studies[1] / "scores/net/base.csv")
    assert compare(studies, capsys) == (
        1,
        [
            "scores/net/base.csv: column best only in the old one",
            "scores/net/base.csv: column of_area only in the new one",
        ],
    )
    assert compare(studies, capsys, "--column", "best=of_area") == (0, [])


def test_a_folder_without_tables_is_no_comparison(studies, capsys):
    old, new = studies
    assert compare_studies.main([str(old), str(new / "scores/other")]) == 2
    assert "no table there" in capsys.readouterr().out
