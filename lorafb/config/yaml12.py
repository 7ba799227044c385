"""YAML as version 1.2 reads it, for configs: `1e-3` is a number, `yes` is text, and a key that stands twice is an error.

PyYAML follows version 1.1, where `1e-3` is text, `on` is true, `1:30` is 90, `010` is 8, and the last of two keys wins.
"""

import re
from typing import Any, ClassVar

import yaml

SCALARS = (
    ("null", r"~|null|Null|NULL", "~nN"),
    ("null", r"", ""),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ("merge", r"<<", "<"),
)
"""Text without quotes that is no text, and the characters it may begin with: the core schema of YAML 1.2.2 (section
10.3.2), and the merge key `<<` of 1.1."""
TAG = "tag:yaml.org,2002:"


class DoubledKey(yaml.YAMLError):
    """A key stands twice in one table; the message names it and both lines."""


def read(text: str) -> Any:
    """Read one document; `DoubledKey` where a key stands twice in one table, but merged keys (`<<`) may be set again."""
    return yaml.load(text, Loader=_Loader)


def scalar(text: str) -> Any:
    """Value of text without quotes: a number, true, false or null where it is one."""
    meant = any(re.fullmatch(pattern, text) for kind, pattern, _ in SCALARS if kind != "merge")
    return read(text) if meant else text


def write(values: Any) -> str:
    """Write what `read`, and any reader of version 1.1, gives back."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a table before merge keys are followed; a key is text, whatever it looks like."""
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = key.start_mark.line + 1
            if key.value in lines:
                where = f"line {line}" if line == lines[key.value] else f"lines {lines[key.value]} and {line}"
                raise DoubledKey(f"{where}: the key '{key.value}' is given twice in one table; keep one of them")
            lines[key.value] = line
            if key.tag != f"{TAG}merge":
                key.tag = f"{TAG}str"
        return node

    def construct_yaml_int(self, node: Any) -> int:
        """Convert a whole number; `010` is ten."""
        text = self.construct_scalar(node)
        return int(text, 0 if text[:2] in ("0o", "0x") else 10)


class _Dumper(yaml.SafeDumper):
    """Puts quotes around text that either version reads as something else."""


_Loader.add_constructor(f"{TAG}int", _Loader.construct_yaml_int)
for name, pattern, first in SCALARS:
    for either in (_Loader, _Dumper):
        either.add_implicit_resolver(TAG + name, re.compile(rf"(?:{pattern})\Z"), [*first] or [""])
