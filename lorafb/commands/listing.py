"""`lorafb networks`, `lorafb layers` and `lorafb config`: what the catalogue holds, and whether a config is right."""

from argparse import Namespace
from pathlib import Path

from lorafb.config import docs, reading
from lorafb.files import write_text
from lorafb.networks import catalogue

ROOT = Path(__file__).parents[2]


def networks(args: Namespace) -> None:
    """Print a line for each network of the catalogue."""
    for name in catalogue.names():
        network = catalogue.network(name)
        print(f"{name:18} {len(network.layers) - 1:3} layers, may be trained on {', '.join(network.trainings)}")


def layers(args: Namespace) -> None:
    """Print the scored layers of a network, numbered, and its classifier."""
    *scored, classifier = catalogue.network(args.network).layers
    for index, layer in enumerate(scored):
        print(f"{index:3} {layer}")
    print(f"  - {classifier or '(none)'} (the classifier, not scored)")


def config(args: Namespace) -> None:
    """Check a config laid over the default one; or write the schema and the table of keys from the model."""
    if args.write:
        write_text(ROOT / "config" / "schema.json", docs.schema())
        write_text(ROOT / "docs" / "config.md", docs.table_of_keys())
        return
    files = [args.file] if args.file else []
    study = reading.read(ROOT / "config.yaml", reading.merged(files), reading.folders(files))
    print(f"right: study {study.study}, {len(study.movies)} movies, {len(study.subjects)} subjects")
