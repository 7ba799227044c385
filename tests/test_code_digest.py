"""The digest of the code behind a rule: statements count, comments and docstrings do not, strings of registries stop it."""

import pytest

from lorafb import code


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package named lorafb in a temporary folder, and a function that (re)writes one of its modules."""
    monkeypatch.setattr(code, "PACKAGE", tmp_path / "lorafb")

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        code._parsed.cache_clear()
        return path

    for folder in ("lorafb", "lorafb/core"):
        write(f"{folder}/__init__.py", "")
    write("lorafb/core/metric.py", "def score(x):\n    from lorafb.core import ranks\n    return ranks.rank(x)\n")
    write("lorafb/core/ranks.py", "from .ties import average\n")
    write("lorafb/core/ties.py", "average = 1\n")
    write("lorafb/core/other.py", "unrelated = 1\n")
    write("lorafb/job.py", "import lorafb.core.other\n")
    write("script.py", "from lorafb.core.metric import score\nfrom lorafb.job import start\n")
    yield write
    code._parsed.cache_clear()


def test_the_closure_follows_function_level_and_relative_imports_and_leaves_plumbing_out(package, tmp_path):
    assert code.closure(tmp_path / "script.py") == {
        "lorafb.core",
        "lorafb.core.metric",
        "lorafb.core.ranks",
        "lorafb.core.ties",
    }


def test_the_front_door_is_in_no_closure(package, tmp_path):
    package("lorafb/front.py", "heavy = 1\n")
    package("lorafb/__init__.py", "def __getattr__(name):\n    from lorafb import front\n    return front\n")
    script = package("another.py", "import lorafb\nfrom lorafb import core\n")
    assert code.closure(script) == {"lorafb.core"}


@pytest.mark.parametrize(
    ("module", "text", "changes"),
    [
        ("lorafb/core/ties.py", "average = 2\n", True),
        ("lorafb/core/ties.py", '"""About ties."""\n\n# a remark\naverage = 1\n', False),
        ("lorafb/core/other.py", "unrelated = 2\n", False),
        ("lorafb/job.py", "import os\n", False),
        ("script.py", "from lorafb.core.metric import score as s\nfrom lorafb.job import start\n", True),
    ],
)
def test_only_a_statement_of_the_closure_changes_the_digest(package, tmp_path, module, text, changes):
    before = code.digest(tmp_path / "script.py")
    package(module, text)
    assert (code.digest(tmp_path / "script.py") != before) is changes


def test_a_docstring_of_a_function_does_not_count_and_a_string_that_is_used_does(package, tmp_path):
    before = code.digest(tmp_path / "script.py")
    package("lorafb/core/ranks.py", "from .ties import average\n\n\ndef rank(x):\n    'Rank.'\n    return x\n")
    first = code.digest(tmp_path / "script.py")
    package("lorafb/core/ranks.py", "from .ties import average\n\n\ndef rank(x):\n    'Rank well.'\n    return x\n")
    assert code.digest(tmp_path / "script.py") == first != before


def test_an_extra_module_named_by_the_config_joins_the_closure(package, tmp_path):
    plain = code.digest(tmp_path / "script.py")
    before = code.digest(tmp_path / "script.py", "lorafb.core.other:build")
    package("lorafb/core/other.py", "unrelated = 3\n")
    assert code.digest(tmp_path / "script.py", "lorafb.core.other:build") != before
    assert code.digest(tmp_path / "script.py") == plain


def test_a_misnamed_extra_is_an_error(package, tmp_path):
    with pytest.raises(ModuleNotFoundError, match=r"lorafb\.core\.metrics"):
        code.digest(tmp_path / "script.py", "lorafb.core.metrics")
