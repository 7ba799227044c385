"""One small study whose every count and frame is written here: what its tables hold is computed again, in plain numpy.

Nothing of the package is used: counts come from this file, responses of networks from `results/grams`, by h5py. Draws are
those that the documentation of the seeds promises, one stream a trial. A shuffled movie and one with replaced frames are also
shown as movies of their own, so that their scores are known without a look at the passes of the experiment.
"""

import os
from fractions import Fraction
from pathlib import Path
from zlib import crc32

import h5py
import numpy as np
import pandas as pd
import published_study
import pytest
import yaml
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import rankdata, t

pytestmark = pytest.mark.slow

SEED, T, SKIP, REPEATS, RATE_HZ, MIN_RATE = 11, 48, 2, 4, 30, 5  # 5 spikes/s in 1.6 s of 4 repeats: 32 spikes
CLIP, FRONT, SHUFFLED, REPLACED, SPLITS = 20, 30, 6, 5, 4
AREAS = ["visp", "visl", "control"]  # the last one is a control
COUNTED = AREAS[:2]
FRAMES = np.arange(SKIP, T)
LAYERS = {"spiking": ["sn1", "maxpool", "recurrent_layer1.sub_module[0]"], "plain": ["V1", "V4"]}


# ---------------------------------------------------------------- what goes in


def drive():
    """Smooth signals that move pictures and units alike [T, 6]."""
    random = np.random.default_rng(1)
    times, rates = np.arange(T)[:, None], random.uniform(0.05, 0.6, 6)
    return np.sin(times * rates + random.uniform(0, 6, 6))


def frames():
    """A movie, uint8 [T, 32, 32, 3]."""
    pictures = np.random.default_rng(2).normal(size=(6, 32, 32, 3)).cumsum(1).cumsum(2) / 16
    return np.clip(127 + 40 * np.tensordot(drive(), pictures, 1), 0, 255).astype(np.uint8)


def counts():
    """Spikes of each area [repeats, T, units]: the first units of VISp lie under the bound, on it, and are silent."""
    random, made = np.random.default_rng(3), {}
    for area, units in (("visp", 26), ("visl", 20), ("control", 24)):
        rates = np.exp(0.5 + 0.8 * drive() @ random.normal(size=(6, units)) / 2)
        of_area = random.poisson(np.ones_like(rates) * 2 if area == "control" else rates, (REPEATS, T, units))
        of_area[:, :, :3] = 0
        for unit, spikes in ((0, 31), (1, 32)):
            for spike in range(spikes):
                of_area[spike % REPEATS, spike * 7 % T, unit] += 1
        made[area] = of_area
    return made


def selected(area):
    """Which units of an area reach the least rate, the bound included."""
    return counts()[area].sum(axis=(0, 1)) >= 32


def summed(area):
    """Counts of the selected units, summed over repeats [T, units]."""
    return counts()[area].sum(axis=0)[:, selected(area)]


def stream(kind, *numbers):
    return np.random.default_rng([SEED, kind, *numbers])


def shuffled_order(trial):
    random, order = stream(2, SHUFFLED, trial), []
    for start in range(0, T, SHUFFLED):
        window = np.arange(start, min(start + SHUFFLED, T))
        order.extend(window[random.permutation(len(window))])
    return np.array(order)


def replaced_frames(trial):
    starts = np.arange(0, T, REPLACED)
    return starts + stream(3, REPLACED, trial).integers(0, np.minimum(starts + REPLACED, T) - starts)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = Path(os.environ.get("KNOWN_STUDY", "") or tmp_path_factory.mktemp("known"))  # one that stands goes on
    black = frames()
    black[replaced_frames(1)] = 0
    for name, movie in (("known", frames()), ("shuffled", frames()[shuffled_order(1)]), ("replaced", black)):
        np.save(folder / f"{name}.npy", movie)
    names = {"visp": "VISp", "visl": "VISl", "control": "control"}
    for area, of_area in counts().items():
        np.save(folder / f"{area}.npy", of_area.transpose(2, 0, 1))
    recording = {
        "kind": "arrays",
        "files": {names[area]: str(folder / f"{area}.npy") for area in AREAS},
        "axes": ["units", "repeats", "frames"],
        "rate_hz": RATE_HZ,
    }
    movies = {name: {"stimulus": array(folder, name)} for name in ("known", "shuffled", "replaced")}
    movies["known"] |= {"recording": recording, "min_rate": MIN_RATE, "skip_frames": SKIP, "controls": ["control"]}
    movies["known"]["experiments"] = ["shuffle", "replace"]
    both = {"training": "motion", "size": 32}
    study = {
        "study": "known",
        "areas": ["VISp", "VISl"],
        "seed": SEED,
        "ties": "average",
        "draws": "independent",
        "movies": movies,
        "scenes": {},
        "subjects": {
            "spiking": {
                **both,
                "network": "lorafb_snet_tiny",
                "checkpoint": {"kind": "initial", "seed": 1, "norms": "known"},
                "role": "lorafb_snet",
                "layers": LAYERS["spiking"],
                "experiments": ["shuffle", "replace"],
            },
            "plain": {
                **both,
                "network": "cornet_tiny",
                "checkpoint": {"kind": "initial", "seed": 1, "norms": "known"},
                "layers": LAYERS["plain"],
                "sees": ["known"],
            },
        },
        "experiments": {
            "clip": {"lengths": [CLIP], "trials": 3},
            "front": {"lengths": [FRONT]},
            "shuffle": {"windows": [SHUFFLED], "trials": 2},
            "replace": {"windows": [REPLACED], "trials": 2, "kinds": ["uniform", "black"]},
            "ceiling": {"splits": SPLITS},
        },
        "features": {"keep": "none"},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study))

    published_study.snakemake(folder, "scores", "features", "results/psth/known.csv")
    return folder / "results"


def array(folder, name):
    return {"kind": "array", "file": str(folder / f"{name}.npy"), "frames": T, "rate_hz": RATE_HZ}


# ---------------------------------------------------------------- the metric, by its definition


def ranks_of_counts(responses, chosen):
    """Ranks of the correlations of all pairs of frames; equal ones are equal, since they are compared as fractions."""
    responses = responses[chosen].astype(np.int64)
    return exact_ranks(responses @ responses.T, responses.sum(axis=1), responses.shape[1])


def exact_ranks(products, sums, n_units):
    covariance = n_units * products - np.outer(sums, sums)
    variance = np.diagonal(covariance)
    assert (variance > 0).all()
    pairs = zip(*np.triu_indices(len(sums), 1), strict=True)
    squares = [signed_square(int(covariance[a, b]), int(variance[a]) * int(variance[b])) for a, b in pairs]
    place = {value: number for number, value in enumerate(sorted(set(squares)))}
    return rankdata([place[value] for value in squares])


def signed_square(covariance, variances):
    return Fraction(covariance * abs(covariance), variances)


def gram(results, subject, movie):
    """Products of the frames [T, T] of each layer, their sums and the number of units."""
    layers = {}
    with h5py.File(results / f"grams/{subject}/{movie}.h5") as file:
        for name in LAYERS[subject]:
            products = np.zeros((T, T), file[name]["products"].dtype)
            products[np.triu_indices(T)] = file[name]["products"][()]
            products = np.triu(products) + np.triu(products, 1).T
            layers[name] = products, file[name]["sums"][()], int(file[name].attrs["n_units"])
    return layers


def ranks_of_layer(layer, chosen):
    products, sums, n_units = layer
    products, sums = products[np.ix_(chosen, chosen)], sums[chosen]
    if products.dtype.kind == "i":  # of the responses themselves; floats are of responses that were centred
        return exact_ranks(products, sums, n_units)
    length = np.sqrt(np.diagonal(products))
    return rankdata((products / np.outer(length, length))[np.triu_indices(len(chosen), 1)])


def spearman(one, other):
    return np.corrcoef(one, other)[0, 1]


def pairs_of(chosen, every=FRAMES):
    """Which pairs of the scored frames are pairs of some of them."""
    first, second = np.triu_indices(len(every), 1)
    inside = np.isin(every, chosen)
    return inside[first] & inside[second]


# ---------------------------------------------------------------- scores


def scores_on(results, subject, layer_frames, area_frames, movie="known"):
    """Scores [layers, areas] of a subject."""
    layers = [ranks_of_layer(layer, layer_frames) for layer in gram(results, subject, movie).values()]
    areas = [ranks_of_counts(summed(area), area_frames) for area in AREAS]
    return np.array([[spearman(layer, area) for area in areas] for layer in layers])


def table_of(rows, subject):
    return rows.pivot(index="layer", columns="area", values="value").loc[LAYERS[subject], AREAS].to_numpy()


@pytest.mark.parametrize("subject", LAYERS)
def test_scores_of_the_movie_its_clips_and_its_front(results, subject):
    base = pd.read_csv(results / f"scores/{subject}/known/base.csv")
    tsrsa = base[base["metric"] == "tsrsa"]
    original = tsrsa[tsrsa["experiment"] == "original"]
    expected = scores_on(results, subject, FRAMES, FRAMES)
    assert_allclose(table_of(original, subject), expected, rtol=0, atol=1e-12)
    best = original[original["best"]].set_index("area")["layer"]
    assert [best[area] for area in AREAS] == [LAYERS[subject][place] for place in expected.argmax(axis=0)]

    starts = stream(1, CLIP, 0).permutation(T - SKIP - CLIP + 1)[:3]
    for trial, start in enumerate(starts):
        clip = SKIP + start + np.arange(CLIP)
        rows = tsrsa[(tsrsa["experiment"] == "clip") & (tsrsa["trial"] == trial)]
        assert set(rows["length"]) == {CLIP}
        assert_allclose(table_of(rows, subject), scores_on(results, subject, clip, clip), rtol=0, atol=1e-12)

    front = np.arange(SKIP, FRONT)
    rows = tsrsa[tsrsa["experiment"] == "front"]
    assert_allclose(table_of(rows, subject), scores_on(results, subject, front, front), rtol=0, atol=1e-12)


def test_scores_of_a_shuffled_movie_are_those_of_the_movie_shown_in_that_order(results):
    rows = pd.read_csv(results / "scores/spiking/known/shuffle.csv")
    for trial in (0, 1):
        moved = shuffled_order(trial) - np.arange(T)
        chaos = rows[rows["trial"] == trial]["chaos"]
        assert_allclose(chaos, 6 * (moved**2).sum() / (T**3 - T), rtol=0, atol=1e-12)
    assert set(rows["window"]) == {SHUFFLED}
    expected = scores_on(results, "spiking", FRAMES, shuffled_order(1)[SKIP:], "shuffled")
    check_best(rows[rows["trial"] == 1], results, expected)


def test_scores_of_a_movie_with_replaced_frames_are_those_of_the_movie_shown_so(results):
    rows = pd.read_csv(results / "scores/spiking/known/replace.csv")
    rows = rows[rows["replacement"] == "black"]
    assert_allclose(rows["ratio"], 1 / REPLACED)
    expected = scores_on(results, "spiking", FRAMES, FRAMES, "replaced")
    check_best(rows[rows["trial"] == 1], results, expected)


def check_best(rows, results, expected):
    """Rows hold each area's best layer on the movie itself."""
    best = scores_on(results, "spiking", FRAMES, FRAMES).argmax(axis=0)
    rows = rows.set_index("area").loc[AREAS]
    assert rows["layer"].tolist() == [LAYERS["spiking"][place] for place in best]
    assert_allclose(rows["value"], expected[best, range(len(AREAS))], rtol=0, atol=1e-12)


# ---------------------------------------------------------------- cortex


def test_units_on_the_bound_are_kept(results):
    table = pd.read_csv(results / "units/known.csv").set_index("area").loc[AREAS]
    assert [selected(area)[:3].tolist() for area in AREAS] == [[False, True, False]] * 3
    assert table["units"].tolist() == [26, 20, 24]
    assert table["kept"].tolist() == [int(selected(area).sum()) for area in AREAS]
    assert table["repeats"].tolist() == [REPEATS] * 3
    rates = [summed(area).sum(axis=0) / (T / RATE_HZ * REPEATS) for area in AREAS]
    assert_allclose(table["mean_rate"], [rate.mean() for rate in rates], rtol=1e-12)
    assert_allclose(table["median_rate"], [np.median(rate) for rate in rates], rtol=1e-12)


def halves_of(area, kind):
    """Counts of the two halves of every split: of units, of repeats, or of both."""
    of_area = counts()[area][:, :, selected(area)]
    for split in range(SPLITS):
        units = stream(4, crc32(area.encode()), split).permutation(of_area.shape[2])
        repeats = stream(5, crc32(area.encode()), split).permutation(REPEATS)
        half, part = len(units) // 2, REPEATS // 2
        if kind == "units":
            yield summed(area)[:, units[:half]], summed(area)[:, units[half:]]
        elif kind == "repeats":
            yield of_area[repeats[:part]].sum(axis=0), of_area[repeats[part:]].sum(axis=0)
        else:
            one, other = of_area[repeats[:part]].sum(axis=0), of_area[repeats[part:]].sum(axis=0)
            yield one[:, units[:half]], other[:, units[half : 2 * half]]


def ceiling_of(area, kind="units"):
    halves = halves_of(area, kind)
    return [spearman(ranks_of_counts(one, FRAMES), ranks_of_counts(other, FRAMES)) for one, other in halves]


def test_ceilings_are_scores_between_random_halves(results):
    table = pd.read_csv(results / "ceilings/known.csv")
    for kind in ("units", "repeats", "stimulus"):
        for area in AREAS:
            rows = table[(table["layer"] == kind) & (table["area"] == area)]
            assert rows["trial"].tolist() == list(range(SPLITS))
            assert_allclose(rows["value"], ceiling_of(area, kind), rtol=0, atol=1e-12, err_msg=f"{kind} {area}")


def test_areas_are_scored_against_each_other_and_meet_themselves_at_their_ceiling(results):
    table = pd.read_csv(results / "areas/known.csv").pivot(index="layer", columns="area", values="value")
    ranked = [ranks_of_counts(summed(area), FRAMES) for area in AREAS]
    expected = np.array([[spearman(one, other) for other in ranked] for one in ranked])
    np.fill_diagonal(expected, [np.mean(ceiling_of(area)) for area in AREAS])
    assert_allclose(table.loc[AREAS, AREAS], expected, rtol=0, atol=1e-12)


# ---------------------------------------------------------------- regression and PSTH


def fit(products, psth):
    """Ridge regression, alpha 1, on 40 principal components: fitted values [frames, units] and R2 of each unit."""
    centre = np.eye(len(products)) - 1 / len(products)
    powers, axes = np.linalg.eigh(centre @ products @ centre)
    powers, axes = powers[::-1][:40], axes[:, ::-1][:, :40]
    powers = np.where(powers > powers[0] * len(products) * np.finfo(float).eps, powers, 0)
    mean = psth.mean(axis=0)
    fitted = mean + axes @ ((powers / (powers + 1))[:, None] * (axes.T @ (psth - mean)))
    return fitted, 1 - ((psth - fitted) ** 2).sum(axis=0) / ((psth - mean) ** 2).sum(axis=0)


def test_regression_and_the_typical_unit_of_each_area(results):
    base = pd.read_csv(results / "scores/spiking/known/base.csv")
    scored = table_of(base[base["metric"] == "regression"], "spiking")
    table = pd.read_csv(results / "psth/known.csv")
    layers = [
        products[np.ix_(FRAMES, FRAMES)].astype(float) for products, *_ in gram(results, "spiking", "known").values()
    ]
    for place, area in enumerate(AREAS):
        psth = summed(area)[FRAMES] * (RATE_HZ / REPEATS)
        fits = [fit(products, psth) for products in layers]
        means = [r2.mean() for _, r2 in fits]
        # R2 does not depend on the scale of a unit, but the fit with its penalty is linear in it
        assert_allclose(scored[:, place], means, rtol=0, atol=1e-8)
        fitted, r2 = fits[int(np.argmax(means))]
        unit = int(np.argsort(r2, kind="stable")[len(r2) // 2])
        rows = table[table["area"] == area]
        assert rows["frame"].tolist() == FRAMES.tolist()
        assert set(rows["layer"]) == {LAYERS["spiking"][int(np.argmax(means))]}
        assert set(rows["unit_id"]) == {np.flatnonzero(selected(area))[unit]}
        assert_allclose(rows["r2"], r2[unit], rtol=0, atol=1e-8)
        assert_allclose(rows["measured"], psth[:, unit], rtol=1e-12)
        assert_allclose(rows["regressed"], fitted[:, unit], rtol=0, atol=1e-6)


# ---------------------------------------------------------------- statistics


def without_lags(matrix):
    """Take the mean of each lag out of a symmetric matrix whose diagonal is 0."""
    rest = matrix.copy()
    lags = np.abs(np.subtract.outer(np.arange(len(matrix)), np.arange(len(matrix))))
    for lag in range(len(matrix)):
        rest[lags == lag] -= matrix[lags == lag].mean()
    return rest


def residuals(ranked):
    n = round((1 + np.sqrt(1 + 8 * len(ranked))) / 2)
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, 1)] = ranked
    return without_lags(matrix + matrix.T)


def without_frames(matrix):
    """Take out what each frame has in common with all others, by least squares, then each lag's mean."""
    first, second = np.triu_indices(len(matrix), 1)
    design = np.zeros((len(first), len(matrix)))
    design[np.arange(len(first)), first] = design[np.arange(len(first)), second] = 1
    rest = np.zeros_like(matrix)
    values = matrix[first, second]
    rest[first, second] = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return without_lags(rest + rest.T)


def at_shifts(model, area):
    """Agreement of residual ranks when the model is shifted in time, frame by frame, round and round."""
    lengths = np.linalg.norm(model) * np.linalg.norm(area)
    if np.linalg.norm(model) < 1e-6:  # nothing but lags
        return np.full(len(model), np.nan)
    return np.array([(np.roll(model, (-k, -k), (0, 1)) * area).sum() / lengths for k in range(len(model))])


def check_of(name):
    """Residual ranks of a check of the lag-controlled score."""
    later = pairs_of(np.arange(SKIP + RATE_HZ, T))
    return {
        "p_lag": residuals,
        "p_lag_later": lambda ranked: residuals(rankdata(ranked[later])),
        "p_lag_frames": lambda ranked: without_frames(residuals(ranked)),
    }[name]


CHECKS = ("p_lag", "p_lag_later", "p_lag_frames")


class Replicates:
    """Scores of a subject's layers: of all data, and with groups of units and blocks of frames left out."""

    def __init__(self, layers, areas, without_units):
        self.names, layers = list(layers), list(layers.values())
        self.whole = against(layers, areas)
        groups = [[[spearman(layer, one) for one in of_area] for of_area in without_units] for layer in layers]
        self.units = np.array(groups).transpose(2, 0, 1)  # [groups, layers, areas]
        stay = [pairs_of(np.setdiff1d(FRAMES, block)) for block in np.array_split(FRAMES, 10)]
        self.blocks = np.array(
            [against([rankdata(one[s]) for one in layers], [rankdata(one[s]) for one in areas]) for s in stay]
        )
        self.shifts = {}
        for name in CHECKS:
            make = check_of(name)
            self.shifts[name] = np.array([[at_shifts(make(one), make(area)) for area in areas] for one in layers])


def against(layers, areas):
    return np.array([[spearman(layer, area) for area in areas] for layer in layers])


def groups_of(place):
    """Units of an area that are left out in turn: 20 random groups."""
    n_units = summed(AREAS[place]).shape[1]
    return np.array_split(stream(6, 0, place).permutation(n_units), 20)


@pytest.fixture(scope="module")
def replicates(results):
    areas = [ranks_of_counts(summed(area), FRAMES) for area in AREAS]
    without = [
        [ranks_of_counts(np.delete(summed(area), group, axis=1), FRAMES) for group in groups_of(place)]
        for place, area in enumerate(AREAS)
    ]
    first, second = np.triu_indices(len(FRAMES), 1)
    networks = {"lag_only": {"lag": rankdata(first - second)}}
    for subject in LAYERS:
        made = gram(results, subject, "known")
        networks[subject] = {name: ranks_of_layer(layer, FRAMES) for name, layer in made.items()}
    return {subject: Replicates(layers, areas, without) for subject, layers in networks.items()}


def chosen(scores, places):
    """Mean over areas of the best layer's score, the layer chosen anew in each replicate."""
    return scores[..., places].max(axis=-2).mean(axis=-1)


def error(values):
    """Standard error of a jackknife."""
    return np.sqrt((len(values) - 1) / len(values) * ((values - values.mean()) ** 2).sum())


def interval(value, values):
    reach = t.ppf(0.975, len(values) - 1) * error(values)
    return [value - reach, value + reach]


def replicated(one, places):
    used = [k for k in range(20) if any(len(groups_of(place)[k]) for place in places)]
    return chosen(one.whole, places), chosen(one.units[used], places), chosen(one.blocks, places)


@pytest.mark.parametrize("subject", ["lag_only", "spiking", "plain"])
def test_statistics_of_every_area_and_of_their_mean(results, replicates, subject):
    table = pd.read_csv(results / "statistics/known.csv")
    table, one = table[table["subject"] == subject].set_index("area"), replicates[subject]
    assert len(table) == 4
    for area in [*AREAS, "mean"]:
        row, places = table.loc[area], [0, 1] if area == "mean" else [AREAS.index(area)]
        value, units, blocks = replicated(one, places)
        expected = {"value": value, "n_groups": len(units), "ceiling": np.mean([ceiling_of(AREAS[k]) for k in places])}
        expected |= dict(zip(("ci_low", "ci_high"), interval(value, units), strict=True))
        expected |= dict(zip(("e2_low", "e2_high"), interval(value, blocks), strict=True))
        for name in CHECKS:
            shifts = one.shifts[name][:, places].max(axis=0).mean(axis=0)
            expected[name] = np.nan if np.isnan(shifts[0]) else (1 + (shifts[1:] >= shifts[0]).sum()) / len(shifts)
            expected |= {"score_lag": shifts[0]} if name == "p_lag" else {}
        for column, number in expected.items():
            assert_allclose(row[column], number, rtol=0, atol=1e-10, err_msg=f"{subject} {area} {column}")
        if area != "mean":
            assert row["layer"] == one.names[int(one.whole[:, places[0]].argmax())]
    assert not table["sessions_as_groups"].any()
    assert table.loc["visl", "n_groups"] < 20  # it has fewer units than there are groups


def test_pairs_of_networks_are_compared_in_the_same_replicates(results, replicates):
    table = pd.read_csv(results / "statistics/known_pairs.csv").set_index(["subject_a", "subject_b"])
    assert sorted(map(sorted, table.index)) == [["lag_only", "plain"], ["lag_only", "spiking"], ["plain", "spiking"]]
    p = {"ci": [], "e2": []}
    for (a, b), row in table.iterrows():
        pair = zip(replicated(replicates[a], [0, 1]), replicated(replicates[b], [0, 1]), strict=True)
        value, units, blocks = (one - other for one, other in pair)
        assert_allclose(row["difference"], value, rtol=0, atol=1e-10)
        for prefix, values in (("ci", units), ("e2", blocks)):
            assert_allclose([row[f"{prefix}_low"], row[f"{prefix}_high"]], interval(value, values), rtol=0, atol=1e-10)
            p[prefix].append(2 * t.sf(abs(value) / error(values), len(values) - 1))
            assert_allclose(row[f"{prefix}_p"], p[prefix][-1], rtol=1e-6)
    for prefix, values in p.items():  # Holm: the smallest of three times 3, the next times 2, never falling, at most 1
        order = np.argsort(values)
        holm = np.minimum(np.maximum.accumulate(np.array(values)[order] * [3, 2, 1]), 1)
        assert_allclose(table[f"{prefix}_p_holm"].to_numpy()[order], holm, rtol=1e-6)


def test_what_goes_in_is_what_the_tables_were_made_from(results):
    with h5py.File(results / "recordings/known/VISp.h5") as file:
        assert_array_equal(file["counts"][()], counts()["visp"])
    with h5py.File(results / "stimuli/shuffled.h5") as file:
        assert_array_equal(file["frames"][()], frames()[shuffled_order(1)])
