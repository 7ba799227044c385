"""The command line: parse the arguments of a command, run it, and print a user's mistake as one line."""

import argparse
import signal
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module, metadata
from typing import Any, NoReturn

from lorafb.commands.options import COMMANDS
from lorafb.files import InputError, nearest
from lorafb.processes import STOPPED, Stopped


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all others are."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError with the name of the command."""
        raise InputError(f"{self.prog}: {message}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a user's mistake is one line on stderr and exit code 2."""
    try:
        args = _parse(arguments)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    module, _, function = COMMANDS[args.command].run.partition(":")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _warn
            run = getattr(import_module(f"lorafb.commands.{module}"), function)
            return int(run(args) or 0)
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        print(f"\nlorafb {args.command}: stopped", file=sys.stderr)
        return 128 + signal.SIGINT
    except Stopped as stopped:
        print(f"lorafb {args.command}: {stopped}", file=sys.stderr)
        return STOPPED
    except (InputError, OSError) as error:
        print(f"lorafb {args.command}: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser, _ = _parsers()
    args, others = parser.parse_known_args(arguments)
    if others and not COMMANDS[args.command].passes_on:
        known = [option for option, _ in (*COMMANDS[args.command].options, *COMMANDS[args.command].one_of)]
        hint = next((near for one in others if (near := nearest(one, known))), "")
        parser.error(f"unrecognized arguments: {' '.join(others)}{hint}")
    args.arguments = others
    return args


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    """Make the parser, and those of the commands by name."""
    parser = Parser(prog="lorafb", description="Compare networks with visual cortex under movies.")
    parser.add_argument("--version", action="version", version=f"lorafb {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made: dict[str, Parser] = {}
    for name, command in COMMANDS.items():
        made[name] = add = commands.add_parser(
            name, help=command.purpose, description=command.purpose, allow_abbrev=False
        )
        for option, settings in command.options:
            add.add_argument(option, **settings)
        if command.passes_on:
            add.usage = f"{add.format_usage().removeprefix('usage: ').strip()} [ARGUMENT OF SNAKEMAKE ...]"
            add.epilog = f"example: lorafb {name} --configfile study.yaml"
        if command.one_of:
            group = add.add_mutually_exclusive_group()
            for option, settings in command.one_of:
                group.add_argument(option, **settings)
    return parser, made


def reference() -> str:
    """Markdown of every command with its options, as `--help` prints them."""
    commands = (f"## {name}\n```text\n{parser.format_help()}```\n" for name, parser in _parsers()[1].items())
    return "\n".join(commands)


def _version() -> str:
    try:
        return metadata.version("lorafb")
    except metadata.PackageNotFoundError:  # a checkout on PYTHONPATH
        return "(not installed)"


def _warn(message: Warning | str, *where: Any, **more: Any) -> None:
    print(f"warning: {' '.join(str(message).split())}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
