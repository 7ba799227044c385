"""The registry, the table made of it, the command and the workflow's script."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from web_server import CONTENT, serving

from lorafb import cli, web
from lorafb.fetch import docs_table, registry
from lorafb.fetch.registry import Asset, Mirror

ROOT = Path(__file__).parent.parent.parent


def test_the_registry_has_a_mirror_for_every_file_of_the_published_study():
    wanted = yaml.safe_load((ROOT / "config/paper.yaml").read_text())["assets"]
    assert len(wanted) > 30
    for file in wanted:
        asset, folder = registry.of_study(file)
        assert folder == Path("data/paper")
        assert asset.mirrors


def test_every_entry_is_complete():
    for asset in registry.assets().values():
        assert_complete(asset)


def assert_complete(asset):
    assert asset.what
    assert asset.licence
    assert asset.cite
    assert not Path(asset.path).is_absolute()
    assert ".." not in Path(asset.path).parts
    assert asset.mirrors or asset.by_hand
    assert len(asset.sha256) in (0, 8, 64)
    for mirror in asset.mirrors:
        match mirror:
            case Mirror("https", url):
                assert url.startswith("https://")
                assert "{" not in url
            case Mirror("images", address, "", count):
                assert address.format(number=count - 1).startswith("https://")
                assert asset.shape[0] == count
            case Mirror("archive", archive, name):
                assert archive in registry.assets()
                assert asset.path.endswith(name)
            case Mirror("drive", folder, name):
                assert len(folder) == 33
                assert asset.path.endswith(name)
            case _:
                raise AssertionError(mirror)


def test_the_sessions_are_the_32_of_the_stimulus_set_each_once():
    sessions = [one for path, one in registry.assets().items() if path.startswith("sessions/")]
    assert len({one.sha256 for one in sessions}) == len({one.mirrors[0] for one in sessions}) == len(sessions) == 32
    assert all(1.5e9 < one.size < 3.5e9 for one in sessions)


def test_a_path_of_a_study_is_split_into_its_folder_and_the_registrys_path():
    assert registry.split("data/paper/natural_movie_one.npy") == ("data/paper", "natural_movie_one.npy")
    assert registry.split("natural_movie_one.npy") == (".", "natural_movie_one.npy")
    assert registry.split("my_natural_movie_one.npy") is None
    own, folder = registry.of_study("mine/own.npy", "from me")
    assert (own.path, own.by_hand, folder) == ("mine/own.npy", "from me", Path())


def test_the_table_of_the_documents_is_that_of_the_registry():
    page = docs_table.PAGE.read_text(encoding="utf-8")
    assert page == docs_table.with_table(page), "write it again: lorafb fetch --write"


def run(capsys, *arguments):
    code = cli.main(["fetch", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_the_list_says_licence_and_citation(capsys):
    code, out, _ = run(capsys, "--list", "--only", "cornet_s.pth")
    assert code == 0
    assert "licence: GPL-3.0 or later" in out
    assert "cite: Kubilius" in out
    assert run(capsys, "--list")[1].count("\n  licence: ") == len(registry.assets())


def test_a_plan_says_what_is_missing_and_what_it_takes(capsys, tmp_path):
    code, out, _ = run(capsys, "--dry-run", "--to", tmp_path / "new", "--only", "sessions/*", "cornet_s.pth")
    assert code == 0
    assert out.count("would be fetched from https://") == 33
    assert "missing: 33 files, 80.5 GB and files of unknown size; " in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--only", "cornet_rtt.pth"], "'cornet_rtt.pth' is no file of the registry"),
        (["--only", "checkpoints/imagenet/cornet_rtt.pth"], "did you mean 'checkpoints/imagenet/cornet_rt.pth'?"),
        (["--only", "lorafb_snet18.pth"], "is more than one file of the registry; there are checkpoints/ucf101/"),
        (["--only", "sessions/*.npy"], "--only: no path matches 'sessions/*.npy'"),
        ([], "nothing is named: --configfile FILE fetches what a study lacks"),
        (["--configfile", "no.yaml"], "no.yaml: cannot be read as YAML"),
        (["--configfile", "c.yaml", "--to", "d"], "--to: not together with --configfile"),
        (["--list", "--verify"], "argument --verify: not allowed with argument --list"),
    ],
)
def test_a_mistake_is_one_line(arguments, line, capsys):
    code, out, err = run(capsys, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err


def test_a_study_that_needs_nothing_and_an_empty_folder_are_no_mistake(capsys, tmp_path):
    (tmp_path / "c.yaml").write_text("study: mine")
    for arguments in (["--dry-run", "--configfile", tmp_path / "c.yaml"], ["--verify", "--to", tmp_path]):
        code, out, err = run(capsys, *arguments)
        assert (code, err) == (0, "")
        assert out.endswith("nothing of the registry is there or asked for\n")


@pytest.fixture
def small(monkeypatch):
    """Put a small registry in the place of the large one; returns a way to fill it."""

    def of(*assets):
        monkeypatch.setattr(registry, "assets", lambda: {asset.path: asset for asset in assets})

    return of


def asset(path, *urls, **more):
    return Asset(path, "a file", "free", ("nobody",), tuple(Mirror("https", url) for url in urls), **more)


def test_the_command_fetches_once_verifies_and_goes_on_after_one_that_fails(small, capsys, tmp_path):
    with serving() as (url, log), serving(statuses=[404] * 9) as (gone, _):
        small(asset("bad.bin", gone), asset("good.bin", url), asset("other.bin", by_hand="from its author"))
        code, out, err = run(capsys, "--only", "*", "--to", tmp_path)
        assert code == 2
        assert out == f"{tmp_path}/good.bin: fetched, its hash is in fetched.lock.json\n"
        assert [line.split(": ")[0].split("/")[-1] for line in err.splitlines()] == ["bad.bin", "good.bin", "other.bin"]
        assert run(capsys, "--only", "good.bin", "--to", tmp_path) == (
            0,
            f"{tmp_path}/good.bin: was there, and fits\n",
            "",
        )
        assert len(log) == 1
    assert run(capsys, "--verify", "--to", tmp_path)[0] == 0
    assert run(capsys, "--verify", "--to", tmp_path, "--only", "bad.bin")[0] == 2
    (tmp_path / "good.bin").write_bytes(b"another")
    code, _, err = run(capsys, "--verify", "--to", tmp_path)
    assert code == 2
    assert "good.bin: has changed since it was first fetched" in err


def test_after_ctrl_c_the_next_start_goes_on(small, capsys, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(web, "CHUNK", 2**12)
    with serving() as (url, log):
        small(asset("file.bin", url))
        with monkeypatch.context() as stopped:
            stopped.setattr("lorafb.commands.fetch.progress_bar", lambda: stop)
            assert run(capsys, "--only", "file.bin", "--to", tmp_path)[0] == 130
        assert 0 < (tmp_path / "file.bin.part").stat().st_size < len(CONTENT)
        assert run(capsys, "--only", "file.bin", "--to", tmp_path)[0] == 0
    assert log[1] == "bytes=4096-"
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_studys_assets_are_fetched_where_it_looks_for_them(small, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "study.yaml"
    config.write_text(yaml.safe_dump({"assets": {"here/file.bin": "registry", "own.npy": "from my shelf"}}))
    with serving() as (url, _):
        small(asset("file.bin", url))
        code, out, err = run(capsys, "--configfile", config)
    assert code == 2
    assert out == "here/file.bin: fetched, its hash is in fetched.lock.json\n"
    assert err.splitlines()[-1].endswith(
        "own.npy: is not there, and no program can fetch it. Get it from my shelf, and put it there"
    )
    assert (tmp_path / "here" / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("mine/own.npy", "mine/own.npy: is not there, and no program can fetch it. Get it as the config says"),
        ("data/natural_movie_one.npy", "data/natural_movie_one.npy: is no .npy array of plain numbers"),
    ],
)
def test_the_workflows_script_stops_with_one_line_and_leaves_a_persons_file(output, line, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "natural_movie_one.npy").write_bytes(b"mine")
    files = {"all": [output], "named": {}}
    job = {
        "rule": "asset",
        "script": str(ROOT / "workflow_scripts" / "asset.py"),
        "directory": str(tmp_path),
        "threads": 1,
        "params": {},
        "wildcards": {},
        "input": {"all": [], "named": {}},
        "output": files,
        "log": {"all": ["asset.log"], "named": {}},
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        [sys.executable, "-m", "lorafb.rerun", str(tmp_path / "job.json")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"asset: {line}")
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "data" / "natural_movie_one.npy").read_bytes() == b"mine"
