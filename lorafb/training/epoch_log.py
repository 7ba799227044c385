"""What a running training shows: a table of its epochs, and the same numbers for TensorBoard."""

import csv
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from lorafb.files import whole


class EpochLog:
    """Called with the row of each epoch; writes `epochs.csv` whole, and events for TensorBoard, in a folder.

    A training that goes on keeps the earlier epochs of the table; one that starts anew replaces them.

    Parameters
    ----------
    folder : path
        No other training may write there.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.table = self.folder / "epochs.csv"
        self.events: SummaryWriter | None = None

    def __call__(self, row: dict[str, float]) -> None:
        """Add an epoch; once more with the same row it changes nothing."""
        rows = [one for one in self.read() if one["epoch"] < row["epoch"]]
        if not rows:
            for old in self.folder.glob("events.out.tfevents.*"):  # of another training
                old.unlink()
        with whole(self.table) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            writer.writeheader()
            writer.writerows([*rows, row])
        epoch = int(row["epoch"])
        if self.events is None:  # TensorBoard drops what an earlier run wrote from this epoch on
            self.events = SummaryWriter(str(self.folder), purge_step=epoch)
        for name, value in row.items():
            if name != "epoch":
                self.events.add_scalar(tag(name), value, epoch)
        self.events.flush()

    def read(self) -> list[dict[str, float]]:
        """Epochs so far."""
        if not self.table.is_file():
            return []
        with self.table.open(newline="", encoding="utf-8") as file:
            return [{name: _number(text) for name, text in row.items()} for row in csv.DictReader(file)]


def tag(name: str) -> str:
    """Name of a column in TensorBoard: `test_loss` is `loss/test`, `rate:stem.neuron` is `rate/stem.neuron`."""
    kind, _, what = name.partition("_")
    if kind in ("training", "test"):
        return f"{what}/{kind}"
    return name.replace(":", "/")


def _number(text: str) -> float:
    return int(text) if text.isdigit() else float(text)
