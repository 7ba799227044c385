"""Which network sees a movie the way visual cortex does: Time-Series Representational Similarity Analysis (TSRSA).

`lorafb.tsrsa(features, counts)` scores two arrays, `lorafb.compare` adds intervals and p, `lorafb.create` and
`lorafb.extract` give networks and their features, `lorafb.read_recording` and `lorafb.load` read what a study wrote.
`help(lorafb.tsrsa)` has examples. Nothing heavy is imported before it is used; torch only by what needs a network.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lorafb.front import compare, create, extract, list_networks, load, read_recording, rsm, tsrsa

__all__ = ["compare", "create", "extract", "list_networks", "load", "read_recording", "rsm", "tsrsa"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("lorafb")
    if name not in __all__:
        raise AttributeError(f"module 'lorafb' has no attribute '{name}'")
    from lorafb import front

    return getattr(front, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
