"""Write counts.csv, in place of what you would export from your own recording.

The counts are SIMULATED: a simulated mouse sees the first 60 frames of the clip. What matters here is the table: one row a
unit, repeat and frame, zeros written out.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import lorafb
from lorafb.cortex.counts import count_units
from lorafb.cortex.simulated import simulate
from lorafb.stimuli import video

HERE = Path(__file__).parent
AREAS = ("VISp", "VISl")


def main() -> None:
    """Simulate, count, write."""
    clip = video.read(Path(lorafb.__file__).parents[1] / "data/real/clips/bikes.mp4", frames=60)
    mouse = simulate(clip.pixels, clip.rate_hz, session=1, units=20, repeats=6, seed=1, areas=AREAS)
    counts = count_units(mouse.spikes, mouse.start, mouse.stop)  # repeats, frames, units
    repeat, frame, unit = (axis.ravel() for axis in np.indices(counts.shape))
    columns = {"area": mouse.units["area"].to_numpy()[unit], "unit": unit, "repeat": repeat, "frame": frame}
    pd.DataFrame(columns | {"count": counts.ravel()}).to_csv(HERE / "counts.csv", index=False)
    print(f"{counts.size} counts in {HERE / 'counts.csv'}")


if __name__ == "__main__":
    main()
