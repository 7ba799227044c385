"""Braces in names of files: Snakemake takes `{x}` in any path for a wildcard, and has no way to say that it is none."""

from typing import Any

STANDING_FOR = {"{": "\ue07b", "}": "\ue07d"}
"""Characters of Unicode's private use that stand for braces until Snakemake has filled in the wildcards."""


def hide(path: str) -> str:
    """Path for the input of a rule, in which braces are no wildcards."""
    return path.translate(str.maketrans(STANDING_FOR))


def let_show(snakemake_io: Any) -> None:
    """Let Snakemake put the braces that `hide` took out back into a path whose wildcards it has filled in."""
    fill, back = snakemake_io.apply_wildcards, {ord(hidden): brace for brace, hidden in STANDING_FOR.items()}
    snakemake_io.apply_wildcards = lambda pattern, wildcards: fill(pattern, wildcards).translate(back)
