"""Course of a training: loss, accuracy, learning rate, and the firing rate of each layer, epoch by epoch."""

from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes

from lorafb.figures import captions
from lorafb.figures.style import COLOURS, Drawn, heading, house_style, panels

RATE = "rate:"


def training_curves(epochs: pd.DataFrame, title: str, chance: float) -> Drawn:
    """Draw a training.

    Parameters
    ----------
    epochs : pandas.DataFrame
        A row an epoch, columns as in `lorafb.training.loop.Trained.epochs`.
    title : str
    chance : float
        Accuracy of a guess.
    """
    layers = [column for column in map(str, epochs) if column.startswith(RATE)]
    with house_style():
        figure, (loss, accuracy, rate, layer_rates) = panels(4)
        for axes, measure in ((loss, "loss"), (accuracy, "accuracy")):
            for colour, kind in zip(COLOURS, ("training", "test"), strict=False):
                _line(axes, epochs, f"{kind}_{measure}", kind, colour)
        loss.set_ylabel("cross-entropy (nats)")
        accuracy.axhline(chance, linestyle=":", linewidth=0.8, color="black")
        accuracy.set_ylabel("accuracy")
        _line(rate, epochs, "learning_rate", "", COLOURS[0])
        rate.set_ylabel("learning rate")
        shades = mpl.colormaps["viridis"]
        for place, layer in enumerate(layers):
            _line(layer_rates, epochs, layer, layer.removeprefix(RATE), shades(place / max(len(layers) - 1, 1)))
        layer_rates.set_ylim(bottom=0)
        layer_rates.set_ylabel("active units a time step")
        for axes, name in zip(
            (loss, accuracy, rate, layer_rates), ("Loss", "Accuracy", "Learning rate", "Layers"), strict=True
        ):
            heading(axes, name)
            axes.set_xlabel("epoch")
    silent = {layer.removeprefix(RATE): _silent(epochs, layer) for layer in layers}
    facts = {"title": title, "chance": chance, "silent": {layer: when for layer, when in silent.items() if when}}
    facts |= {"epochs": len(epochs), "accuracy": float(epochs["test_accuracy"].max())}
    return figure, epochs, captions.caption("training_curves", facts)


def _line(axes: Axes, epochs: pd.DataFrame, column: str, label: str, colour: Any) -> None:
    marker = "." if len(epochs) < 30 else ""
    axes.plot(epochs["epoch"], epochs[column], f"-{marker}", linewidth=1, color=colour, label=label)


def _silent(epochs: pd.DataFrame, layer: str) -> list[int]:
    """Epochs in which no unit of a layer was active."""
    return [int(epoch) for epoch in epochs.loc[epochs[layer] == 0, "epoch"]]
