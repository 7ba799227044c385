"""`lorafb networks`, `lorafb layers` and `lorafb config`: what the catalogue holds, and whether a config is right."""

from argparse import Namespace

from lorafb.artefacts.recordings import many
from lorafb.config import docs, reading
from lorafb.config.reading import ROOT
from lorafb.files import write_text
from lorafb.networks import catalogue, named


def networks(args: Namespace) -> None:
    """Print a line for each network of the catalogue."""
    for name in catalogue.names():
        network = catalogue.network(name)
        print(f"{name:18} {len(network.layers) - 1:3} layers, may be trained on {', '.join(network.trainings)}")


def layers(args: Namespace) -> None:
    """Print the scored layers of a network with their shapes, and its classifier; all layers of other people's."""
    if named.is_named(args.network):
        print("\n".join(named.describe(args.network)))
        return
    from lorafb.commands.work import shapes  # loads torch

    record = catalogue.network(args.network)
    classifier = record.layers[-1]
    size = record.only_size or record.usual_size
    for index, (layer, shape) in enumerate(shapes(record, size).items()):
        print(f"{index:3} {layer:32} {'x'.join(map(str, shape))}")
    print(f"  - {classifier or '(none)'} (the classifier, not scored)")
    print(f"shapes (channels x height x width) are of one frame of {size} pixels")


def config(args: Namespace) -> None:
    """Check a config laid over the default one; or write the schema and the table of keys from the model."""
    if args.write:
        write_text(ROOT / "config" / "schema.json", docs.schema())
        write_text(ROOT / "docs" / "config.md", docs.table_of_keys())
        return
    files = [args.file] if args.file else []
    study = reading.read(ROOT / "config.yaml", reading.merged(files), reading.folders(files))
    counted = f"{many(len(study.movies), 'movie')}, {many(len(study.subjects), 'subject')}"
    print(f"right: study {study.study}, {counted}")
