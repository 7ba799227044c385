"""The command line: what needs no workflow. Each command imports what it needs, so that help and errors come at once."""

import argparse
import signal
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from lorafb.commands import options
from lorafb.files import InputError, write_text

ROOT = Path(__file__).parent.parent


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError with the name of the command."""
        raise InputError(f"{self.prog}: {message}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a mistake of the user's is one line on stderr and exit code 2."""
    parser = Parser(prog="lorafb", description="Compare networks with visual cortex under movies.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    networks = commands.add_parser("networks", help="list the networks of the catalogue")
    networks.set_defaults(run=_networks)

    layers = commands.add_parser("layers", help="list the layers of a network, in the order they are scored")
    layers.add_argument("network", metavar="NAME")
    layers.set_defaults(run=_layers)

    config = commands.add_parser("config", help="check a config, or write its schema and table of keys")
    config.add_argument(
        "file", nargs="?", metavar="FILE", help="a config laid over config.yaml, as --configfile does it"
    )
    config.add_argument(
        "--write", action="store_true", help="write config/schema.json and docs/config.md from the model"
    )
    config.set_defaults(run=_config)

    for name, purpose in PUBLISHED.items():
        command = commands.add_parser(name, help=purpose, description=purpose, allow_abbrev=False)
        getattr(options, name)(command)
        command.set_defaults(run=_published)

    try:
        told, others = parser.parse_known_args(arguments)
        if told.command in SNAKEMAKES:
            told.arguments = others
        elif others:
            parser.error(f"unrecognized arguments: {' '.join(others)}")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _warn
            return int(told.run(told) or 0)
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        print(f"\nlorafb {told.command}: stopped", file=sys.stderr)
        return 128 + signal.SIGINT
    except (InputError, OSError) as error:
        print(f"lorafb {told.command}: {error}", file=sys.stderr)
        return 2
    return 0


def _warn(message: Warning | str, *where: Any, **more: Any) -> None:
    print(f"warning: {' '.join(str(message).split())}", file=sys.stderr)


PUBLISHED = {
    "similarity": "score a network against the areas, with the options of the published program",
    "ceiling": "score halves of each area's units against each other, with the options of the published program",
    "check": "say what files are, and what is wrong with them",
    "dataset": "say what is there of a training set, what is missing, and where to get it",
    "fetch": "fetch the files of the published study, verified, or say where each is to be had",
    "cost": "say what a start of Snakemake with these arguments would take, before it starts",
    "times": "say what each stage of a study took",
}
SNAKEMAKES = ("cost",)
"""Commands that hand to Snakemake the arguments that they do not know."""


def _published(told: argparse.Namespace) -> int | None:
    """Run the command of the module of its name."""
    answer: int | None = import_module(f"lorafb.commands.{told.command}").run(told)
    return answer


def _networks(told: argparse.Namespace) -> None:
    from lorafb.networks import catalogue

    for name in catalogue.names():
        network = catalogue.network(name)
        print(f"{name:18} {len(network.layers) - 1:3} layers, may be trained on {', '.join(network.trainings)}")


def _layers(told: argparse.Namespace) -> None:
    from lorafb.networks import catalogue

    *scored, classifier = catalogue.network(told.network).layers
    for index, layer in enumerate(scored):
        print(f"{index:3} {layer}")
    print(f"  - {classifier or '(none)'} (the classifier, not scored)")


def _config(told: argparse.Namespace) -> None:
    from lorafb.config import docs, reading

    if told.write:
        write_text(ROOT / "config" / "schema.json", docs.schema())
        write_text(ROOT / "docs" / "config.md", docs.table_of_keys())
        return
    over = reading.load(Path(told.file)) if told.file else {}
    study = reading.read(ROOT / "config.yaml", over, (Path.cwd(), ROOT))
    print(f"right: study {study.study}, {len(study.movies)} movies, {len(study.subjects)} subjects")


if __name__ == "__main__":
    sys.exit(main())
