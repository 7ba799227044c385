"""The command line itself: its lists, help, version and mistakes."""

import subprocess
import sys
from argparse import ArgumentTypeError
from importlib import metadata

import pytest
from published_files import lorafb

from lorafb.commands import options
from lorafb.networks import catalogue


def test_every_network_is_listed_in_a_line(capsys):
    assert lorafb(".", ["networks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue.names())


def test_the_layers_of_a_network_are_listed_in_their_order_the_classifier_apart(capsys):
    assert lorafb(".", ["layers", "lorafb_snet18"]) == 0
    *scored, classifier, note = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in scored] == [
        [str(i), name] for i, name in enumerate(catalogue.network("lorafb_snet18").scored)
    ]
    assert [line.split()[2] for line in scored] == [
        *("64x112x112", "64x56x56", *["64x56x56"] * 2),
        *("128x28x28", "128x28x28", "256x14x14", "256x14x14", "512x7x7", "512x7x7", "512x1x1"),
    ]
    assert classifier == "  - fc (the classifier, not scored)"
    assert note == "shapes (channels x height x width) are of one frame of 224 pixels"


def test_an_unknown_network_is_one_line_with_the_nearest(capsys):
    assert lorafb(".", ["layers", "lorafb_snet81"]) == 2
    assert capsys.readouterr().err == "lorafb layers: unknown network 'lorafb_snet81'; did you mean 'lorafb_snet18'?\n"


def test_an_unknown_command_is_one_line(capsys):
    assert lorafb(".", ["similarly"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lorafb: argument COMMAND: invalid choice: 'similarly'")
    assert said.count("\n") == 1


def test_help_names_every_option_with_its_default(capsys):
    for name, command in options.COMMANDS.items():
        with pytest.raises(SystemExit, match="0"):
            lorafb(".", [name, "--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert text.startswith(f"usage: lorafb {name} ")
        assert command.purpose in text
        for option, settings in [*command.options, *command.one_of]:
            assert option in text or settings.get("metavar", "{") in text, f"{name} {option}"
            if settings.get("default"):
                assert f"(default {settings['default']})" in text, f"{name} {option}"


def test_the_version_is_that_of_the_installed_package(capsys):
    with pytest.raises(SystemExit, match="0"):
        lorafb(".", ["--version"])
    assert capsys.readouterr().out == f"lorafb {metadata.version('lorafb')}\n"


def test_help_imports_nothing_heavy():
    heavy = {"numpy", "pandas", "torch", "h5py", "pydantic"}
    check = f"import sys, lorafb.cli\ntry: lorafb.cli.main(['similarity', '--help'])\nfinally: sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True).returncode == 0


def test_a_metric_may_be_named_as_published_as_registered_or_as_ones_own():
    assert [options.metric(name) for name in ("TSRSA", "tsrsa", "Regression", "regression")] == [
        "TSRSA",
        "TSRSA",
        "Regression",
        "Regression",
    ]
    assert options.metric("tsrsa-spearman") == "tsrsa-spearman"


def test_a_metric_of_ones_own_is_imported_from_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "my_metric.py").write_text("MINE = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    with pytest.raises(ArgumentTypeError, match=r"metric my_metric:MINE: expected .*Metric.* int"):
        options.metric("my_metric:MINE")
