"""Braces in names of files: Snakemake takes `{x}` in any path for a wildcard, and has no way to say that it is none."""

from typing import Any

HIDDEN = str.maketrans("{}", "\ue07b\ue07d")
"""Braces to characters of Unicode's private use, which stand for them until Snakemake has filled in the wildcards."""


def hide(path: str) -> str:
    """Path for the input of a rule, in which braces are no wildcards."""
    return path.translate(HIDDEN)


def let_show(snakemake_io: Any) -> None:
    """Let Snakemake put the braces that `hide` took out back into a path whose wildcards it has filled in."""
    fill, back = snakemake_io.apply_wildcards, {hidden: brace for brace, hidden in HIDDEN.items()}
    snakemake_io.apply_wildcards = lambda pattern, wildcards: fill(pattern, wildcards).translate(back)
