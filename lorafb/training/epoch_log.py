"""What a running training shows: a table of its epochs, and the same numbers for TensorBoard."""

from pathlib import Path

import pandas as pd
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
        earlier = self.read()
        earlier = earlier[earlier["epoch"] < row["epoch"]]
        if earlier.empty:
            for old in self.folder.glob("events.out.tfevents.*"):  # of another training
                old.unlink()
        with whole(self.table) as temporary:
            pd.DataFrame([*earlier.to_dict("records"), row]).to_csv(temporary, index=False, lineterminator="\n")
        epoch = int(row["epoch"])
        if self.events is None:  # TensorBoard drops what an earlier run wrote from this epoch on
            self.events = SummaryWriter(str(self.folder), purge_step=epoch)
        for name, value in row.items():
            if name != "epoch":
                self.events.add_scalar(tag(name), value, epoch)
        self.events.flush()

    def read(self) -> pd.DataFrame:
        """Epochs so far, a row each."""
        return pd.read_csv(self.table) if self.table.is_file() else pd.DataFrame({"epoch": []})


def tag(name: str) -> str:
    """Name of a column in TensorBoard: `test_loss` is `loss/test`, `rate:stem.neuron` is `rate/stem.neuron`."""
    kind, _, what = name.partition("_")
    if kind in ("training", "test"):
        return f"{what}/{kind}"
    return name.replace(":", "/")
