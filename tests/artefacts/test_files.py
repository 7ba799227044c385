"""Files are written atomically."""

import json

import pytest

from lorafb.files import lock, nearest, sha256, whole, write_json


def half_written(target):
    with whole(target) as temporary:
        temporary.write_text("half of the ne")
        raise OSError("disk full")


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "scores.csv"
    target.write_text("old")
    with pytest.raises(OSError, match="disk full"):
        half_written(target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]


def test_a_file_appears_only_when_it_is_complete(tmp_path):
    target = tmp_path / "deep" / "new.h5"
    with whole(target) as temporary:
        temporary.write_bytes(b"abc")
        assert temporary.suffix == ".h5"
        assert not target.exists()
    assert target.read_bytes() == b"abc"


def test_sha256_of_the_empty_file_is_the_known_one(tmp_path):
    (tmp_path / "empty").touch()
    assert sha256(tmp_path / "empty").startswith("e3b0c44298fc1c14")


def test_equal_values_give_equal_json_bytes(tmp_path):
    write_json(tmp_path / "a", {"b": 1, "a": [2, "é"]})
    write_json(tmp_path / "b", {"a": [2, "é"], "b": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert json.loads((tmp_path / "a").read_text()) == {"a": [2, "é"], "b": 1}


def test_the_nearest_name_is_suggested_when_one_is_near():
    assert nearest("lorafb_snet81", ["lorafb_snet18", "cornet"]) == "; did you mean 'lorafb_snet18'?"
    assert nearest("qqq", ["lorafb_snet18", "cornet"]) == ""


def test_a_new_file_has_the_usual_mode(tmp_path):
    (tmp_path / "usual").touch()
    write_json(tmp_path / "whole", {})
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_lock_is_held_until_the_file_is_closed(tmp_path):
    with lock(tmp_path / "a"), pytest.raises(BlockingIOError):
        lock(tmp_path / "a")
    lock(tmp_path / "a").close()
