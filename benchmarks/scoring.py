"""What similarities and their statistics cost, beside plain numpy and the packages that do the same; no part loads torch."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import inputs
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from lorafb.artefacts.grams import Gram
from lorafb.experiments.ceiling import score_ceilings
from lorafb.experiments.replicates import Movie
from lorafb.experiments.rsm import gram_of
from lorafb.similarity import ceilings, lag
from lorafb.similarity.tsrsa import score

Row = dict[str, Any]
LAYERS = 11
UNITS = 2000
"""Units of a benchmark's layers: statistics see products alone, and their cost does not depend on it."""


def row(what: str, value: str, aim: str = "", met: bool | None = None, **numbers: float) -> Row:
    """Make one row of the table, with the numbers behind it."""
    return {"what": what, "value": value, "aim": aim, "met": met, "numbers": numbers}


def in_turn(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """CPU seconds of each way, the least of some rounds in which all take turns, forwards and backwards."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for k in range(rounds):
        for name in list(ways)[:: 1 if k % 2 == 0 else -1]:
            begun = time.process_time()
            ways[name]()
            taken[name].append(time.process_time() - begun)
    return {name: min(times) for name, times in taken.items()}


def plain_score(one: NDArray[Any], other: NDArray[Any]) -> float:
    """TSRSA as numpy and scipy have it."""
    pairs = np.triu_indices(len(one), 1)
    return float(spearmanr(np.corrcoef(one)[pairs], np.corrcoef(other)[pairs]).statistic)


def plain_ceiling(counts: NDArray[Any], orders: NDArray[np.int64]) -> list[float]:
    """Score halves of the units, one split after the other."""
    pairs = (ceilings.halves(order, equal=False) for order in orders)
    return [plain_score(counts[:, one], counts[:, other]) for one, other in pairs]


def run_ceilings(n_frames: int, quick: bool) -> list[Row]:
    """Time ceilings of six areas: some splits of each both ways, then all 100 ours."""
    splits = 1 if quick else 2
    counts = [inputs.counts(n_frames, n, seed)[1:] for seed, n in enumerate(sizes(n_frames, quick).values(), 2)]
    orders = [np.stack([np.random.default_rng(k).permutation(c.shape[1]) for k in range(splits)]) for c in counts]
    for c, order in zip(counts, orders, strict=True):
        np.testing.assert_allclose(ceilings.between_units(c, order), plain_ceiling(c, order), atol=1e-4)
    ways = {
        name: partial(lambda way: [way(c, order) for c, order in zip(counts, orders, strict=True)], way)
        for name, way in (("ours", ceilings.between_units), ("plain", plain_ceiling))
    }
    took = in_turn(ways, 1 if quick else 2)
    ratio = took["plain"] / took["ours"]
    minutes = took["ours"] / splits * 100 / 60
    value = f"{ratio:.1f} times as fast as numpy and scipy; 100 splits in {minutes:.1f} minutes of one core"
    return [row(f"unit ceilings of six areas, T = {n_frames}", value, "10", ratio >= 10, ratio=ratio, **took)]


def sizes(n_frames: int, quick: bool) -> dict[str, int]:
    """Units of the areas."""
    return {"visp": 60, "visl": 41} if quick else inputs.UNITS[3600 if n_frames > 900 else 900]


def layers(n_frames: int, n: int) -> dict[str, Gram]:
    """Gram matrices of a network's layers."""
    return {f"layer{k}": gram_of(inputs.counts(n_frames, UNITS, 50 + k)) for k in range(n)}


def run_statistics(n_frames: int, quick: bool) -> list[Row]:
    """Time all intervals and the full shift null of a network of 11 layers against six areas."""
    areas = inputs.areas(n_frames, sizes(n_frames, quick))
    grams = layers(n_frames, 2 if quick else LAYERS)
    begun = time.process_time()
    movie = Movie(areas)
    made = time.process_time()
    scores = movie.score(grams)
    done = time.process_time()
    assert scores.units.shape == (20, len(grams), len(areas))
    numbers = {"areas_s": made - begun, "network_s": done - made}
    value = f"{(done - begun) / 60:.2f} minutes of one core, {numbers['network_s']:.0f} s of it for the network"
    met = done - begun < 120 if n_frames == 900 else None
    aim = "2 minutes" if n_frames == 900 else ""
    return [row(f"all jackknives and the shift null, 11 layers x 6 areas, T = {n_frames}", value, aim, met, **numbers)]


def run_tools(quick: bool) -> list[Row]:
    """Score one layer against one area as rsatoolbox and mne-rsa do, and count spikes as pynapple does."""
    import mne_rsa
    import rsatoolbox

    n_frames, n_units = (60, 300) if quick else (900, 25088)
    layer, area = inputs.counts(n_frames, n_units, 1), inputs.counts(n_frames, 60 if quick else 1880, 2)

    def by_mne() -> float:
        sides = (mne_rsa.compute_rdm(side, metric="correlation") for side in (layer, area))
        return float(mne_rsa.rsa(*sides, metric="spearman"))

    def by_rsatoolbox() -> float:
        data = (rsatoolbox.data.Dataset(side.astype(float)) for side in (layer, area))
        sides = (rsatoolbox.rdm.calc_rdm(one, method="correlation") for one in data)
        return float(rsatoolbox.rdm.compare(*sides, method="spearman")[0, 0])

    ways = {"ours": partial(score, layer, area), "mne-rsa": by_mne, "rsatoolbox": by_rsatoolbox}
    values = {name: way() for name, way in ways.items()}
    took = in_turn(ways, 1 if quick else 2)
    rows = []
    for name in list(ways)[1:]:
        ratio, apart = took[name] / took["ours"], abs(values[name] - values["ours"])
        assert apart < 1e-4, values  # they miss ties that rounding hides
        value = f"{ratio:.1f} times as fast, scores {apart:.0e} apart"
        what = f"TSRSA of a layer of {n_units:,} units against {name}, T = {n_frames}"
        rows.append(row(what, value, "1", ratio > 1, ratio=ratio, apart=apart))
    return [*rows, *run_counting(quick)]


def run_counting(quick: bool) -> list[Row]:
    """Count spikes in the frames of a movie as pynapple does."""
    import counting
    import pynapple

    from lorafb.cortex.counts import count_units

    start, stop = counting.shown()
    trains = list(counting.trains(20 if quick else 200, 20_000 if quick else 2_000_000))
    group = pynapple.TsGroup({k: pynapple.Ts(train) for k, train in enumerate(trains)})
    frames = pynapple.IntervalSet(start.ravel(), np.nextafter(stop.ravel(), 0))

    def by_pynapple() -> NDArray[np.int64]:
        counted = np.asarray(group.count(ep=frames).values)
        return counted.reshape(*start.shape, len(trains))

    ways = {"ours": partial(count_units, trains, start, stop), "pynapple": by_pynapple}
    same = float((ways["ours"]() == ways["pynapple"]()).mean())  # type: ignore[operator]
    took = in_turn(ways, 1 if quick else 2)
    ratio = took["pynapple"] / took["ours"]
    value = f"{ratio:.1f} times as fast, {same:.3%} of the counts equal"
    return [
        row(f"counting spikes of {len(trains)} units against pynapple", value, "1", ratio > 1, ratio=ratio, same=same)
    ]


def run_growth(quick: bool) -> list[Row]:
    """Fit how the cost of scores grows: seconds ~ size ** exponent."""
    small = 0.25 if quick else 1.0
    n, units = int(400 * small), int(800 * small)

    def scored(
        n_frames: int = n, n_units: int = units, n_layers: int = 1, n_areas: int = 1, n_splits: int = 0
    ) -> float:
        one, other = inputs.counts(n_frames, n_units, 1), inputs.area("visp", inputs.counts(n_frames, 100, 2))
        begun = time.process_time()
        for _ in range(n_layers):
            for _ in range(n_areas):
                score(one, other.summed)
        if n_splits:
            score_ceilings([other], n_splits)
        return time.process_time() - begun

    grows = {
        "frames T": [scored(n_frames=k * n) for k in (1, 2, 4)],
        "units of a layer": [scored(n_units=k * 8 * units) for k in (1, 2, 4)],
        "layers": [scored(n_layers=k) for k in (4, 8, 16)],
        "areas": [scored(n_areas=k) for k in (4, 8, 16)],
        "splits of a ceiling": [scored(n_splits=k) for k in (4, 8, 16)],
    }
    fitted = {name: float(np.polyfit(np.log([1, 2, 4]), np.log(times), 1)[0]) for name, times in grows.items()}
    value = ", ".join(f"{name} {exponent:.1f}" for name, exponent in fitted.items())
    return [row("growth of a score's CPU time: exponents", value, "", None, **fitted)]


def run_null(quick: bool) -> list[Row]:
    """Time the shift null beside the same null, one shift after the other."""
    n = 60 if quick else 450
    residuals = [lag.residual_ranks(np.random.default_rng(k).permutation(n * (n - 1) // 2)) for k in range(2)]
    one, other = (lag.spectrum(side) for side in residuals)

    def plainly() -> NDArray[np.float64]:
        length = np.linalg.norm(residuals[0]) * np.linalg.norm(residuals[1])
        shifts = (np.roll(residuals[0], (-k, -k), (0, 1)) for k in range(n))
        return np.array([(shifted * residuals[1]).sum() / length for shifted in shifts])

    np.testing.assert_allclose(lag.shift_scores(one, other), plainly(), atol=1e-12)
    ways = {"ours": lambda: lag.shift_scores(*map(lag.spectrum, residuals)), "plain": plainly}
    took = in_turn(ways, 1 if quick else 3)
    ratio = took["plain"] / took["ours"]
    return [row(f"all {n} shifts in time against one after the other", f"{ratio:.0f} times as fast", ratio=ratio)]
