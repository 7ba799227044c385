"""NWB files of other laboratories: a table of units without quality columns, and tables of intervals of any name and layout."""

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.testing import assert_array_equal
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.base import Images
from pynwb.image import GrayscaleImage, IndexSeries

from lorafb.config import movies as config
from lorafb.config.model import Study
from lorafb.cortex.places import place
from lorafb.cortex.sessions import count_session, counting
from lorafb.files import InputError

FRAMES, REPEATS, RATE = 6, 3, 10.0
BEGAN = np.array([2.0, 5.0, 9.0])
START = BEGAN[:, None] + np.arange(FRAMES) / RATE
UNITS = ("V1", "V1", "LM", "MT")
LISTED = {"VISp": ["V1"], "VISl": ["LM"]}


def trains():
    return [np.sort(np.random.default_rng(unit).uniform(0, 12, 400)) for unit in range(len(UNITS))]


def expected(start=START, stop=START + 1 / RATE):
    """Counts of the units of V1 and LM [repeats, frames, units] by comparing every spike with every frame."""
    counts = [((t >= start[..., None]) & (t < stop[..., None])).sum(axis=-1) for t in trains()[:3]]
    return np.stack(counts, axis=-1)


def write(path, fill):
    """A session with units by `electrodes`, and the tables that `fill` adds to the file."""
    file = NWBFile("a session", "lab 7", datetime(2024, 1, 1, tzinfo=UTC), session_id="7")
    group = file.create_electrode_group("shank", "a shank", "brain", file.create_device("probe"))
    for area in UNITS:
        file.add_electrode(location=area, group=group)
    for unit, train in enumerate(trains()):
        file.add_unit(spike_times=train, electrodes=[unit])
    fill(file)
    with NWBHDF5IO(path, "w") as out:
        out.write(file)
    return path


def count(path, n_frames=FRAMES, rate_hz=RATE, **settings):
    """Count as a config says: the block goes through the checked model, as in the workflow."""
    block = config.Nwb(kind="nwb", sessions=["x"], **settings)
    how = {"n_frames": n_frames, "rate_hz": rate_hz, **counting(block.counting)}
    return count_session(path, block.presentations, LISTED, block.quality, **how)[0]


def trials_of_frames(file):
    """One row a frame, among rows of another stimulus that has no image."""
    for name in ("on", "off", "image_index", "trial", "shown"):
        file.add_trial_column(name, name)
    rng = np.random.default_rng(0)
    rows = [(START[r, f], START[r, f] + 1 / RATE, f + 1.0, r, "movie") for r in range(REPEATS) for f in range(FRAMES)]
    rows += [(7.0 + k, 7.5 + k, np.nan, -1, "gratings") for k in range(2)]
    for on, off, image, trial, shown in [rows[k] for k in rng.permutation(len(rows))]:
        file.add_trial(
            start_time=on - 0.2, stop_time=off + 5, on=on, off=off, image_index=image, trial=trial, shown=shown
        )


COLUMNS = {"frame": "image_index", "start": "on", "stop": "off", "repeat": "trial"}


def test_a_table_of_trials_with_names_of_the_users_own(tmp_path):
    path = write(tmp_path / "trials.nwb", trials_of_frames)
    recording = count(path, presentations="trials", columns=COLUMNS, where={"shown": "movie"})
    assert_array_equal(recording.counts, expected())
    assert recording.units["area"].tolist() == ["VISp", "VISp", "VISl"]
    assert recording.rate_hz == RATE
    told = " ".join(note.text for note in recording.notes)
    assert "1 unit in no area of the study: MT 1" in told
    assert "numbers its frames from 1 to 6" in told


def test_latency_and_bin_move_and_size_the_window_of_every_frame(tmp_path):
    path = write(tmp_path / "trials.nwb", trials_of_frames)
    how = {"presentations": "trials", "columns": COLUMNS, "where": {"shown": "movie"}}
    recording = count(path, **how, latency=0.05, bin=0.2)
    assert_array_equal(recording.counts, expected(START + 0.05, START + 0.25))
    assert (recording.bin_s, recording.rate_hz) == (0.2, RATE)
    assert_array_equal(count(path, **how, latency=-0.1).counts, expected(START - 0.1, START))


def test_repeats_are_found_without_a_column_that_numbers_them(tmp_path):
    path = write(tmp_path / "trials.nwb", trials_of_frames)
    columns = {key: name for key, name in COLUMNS.items() if key != "repeat"}
    assert_array_equal(
        count(path, presentations="trials", columns=columns, where={"shown": "movie"}).counts, expected()
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"presentations": "trails"}, "intervals/trails is missing; did you mean 'trials'.; there are trials"),
        (
            {"columns": COLUMNS | {"start": "onn"}},
            "column 'onn' is missing; did you mean 'on'.; it has id, image_index, off",
        ),
        ({"columns": {}}, "column 'frame' is missing; it has id, image_index, off, on, shown, start_time"),
        ({"where": {"shown": "movi"}}, "column 'shown' is 'movi' in no row; it holds gratings, movie"),
        ({"where": {"stimulus": "movie"}}, "column 'stimulus' is missing.*it has id, image_index"),
        ({"where": {"shown": "movie", "trial": -1}}, "no row has shown: movie, trial: -1"),
        ({"where": {}}, "column 'image_index' holds nan in row"),
        (
            {"columns": COLUMNS | {"frame": "shown"}},
            r"column 'shown' is of type object, expected numbers: it names frames by text \(gratings, movie, ...\); add a",
        ),
        (
            {"rows": "showings", "columns": {}, "n_frames": None},
            "give the movie a stimulus with rate_hz, or name the column",
        ),
    ],
)
def test_what_a_table_does_not_have_is_named_with_what_it_has(tmp_path, settings, message):
    path = write(tmp_path / "trials.nwb", trials_of_frames)
    given = {"presentations": "trials", "columns": COLUMNS, "where": {"shown": "movie"}, **settings}
    with pytest.raises(InputError, match=f"trials.nwb: .*{message}"):
        count(path, **given)


def test_a_row_may_be_a_showing_whose_frames_follow_from_their_number_and_rate(tmp_path):
    def fill(file):
        for begin in BEGAN:
            file.add_epoch(begin, begin + FRAMES / RATE, tags="movie")

    recording = count(write(tmp_path / "epochs.nwb", fill), presentations="epochs", rows="showings")
    assert_array_equal(recording.counts, expected())


def test_a_showing_that_the_clock_of_the_recording_measures_otherwise_is_stretched_to_it(tmp_path):
    """0.5 % longer than the stimulus says: by its nominal rate the last frames of a long movie would be other frames."""
    slow = 1.005

    def fill(file):
        for begin in BEGAN:
            file.add_epoch(begin, begin + slow * FRAMES / RATE)

    start = BEGAN[:, None] + np.arange(FRAMES) * slow / RATE
    recording = count(write(tmp_path / "slow.nwb", fill), presentations="epochs", rows="showings")
    assert_array_equal(recording.counts, expected(start, start + slow / RATE))


def test_a_showing_cut_short_is_left_out_and_one_that_lasts_on_is_counted_from_its_start(tmp_path):
    def fill(file):
        for begin, lasts in zip(BEGAN, (0.6, 0.35, 0.9), strict=True):
            file.add_epoch(begin, begin + lasts)

    recording = count(write(tmp_path / "cut.nwb", fill), presentations="epochs", rows="showings")
    assert_array_equal(recording.counts, expected()[[0, 2]])
    told = " ".join(note.text for note in recording.notes)
    assert "repeat 1 (from 5.000 s) lacks 3 of 6 frames, the first is 3" in told
    assert "1 showing longer than the movie's 0.600 s: frames are counted from their start on" in told


@pytest.mark.parametrize("times", ["timestamps", "rate"])
def test_an_index_series_says_when_frames_came(tmp_path, times):
    """Samples of each repeat one after the other (a rate), or with pauses between repeats (timestamps)."""
    onsets = START.ravel() if times == "timestamps" else 2.0 + np.arange(FRAMES * REPEATS) / RATE

    def series(file):
        images = [GrayscaleImage(name=f"frame {n}", data=np.full((2, 2), n, np.uint8)) for n in range(FRAMES)]
        file.add_stimulus_template(Images(name="frames", images=images, description="frames"))
        how = {"timestamps": onsets} if times == "timestamps" else {"starting_time": 2.0, "rate": RATE}
        index = np.tile(np.arange(FRAMES, dtype=np.uint32), REPEATS)
        file.add_stimulus(
            IndexSeries(name="movie", data=index, unit="N/A", indexed_images=file.stimulus_template["frames"], **how)
        )
        file.add_stimulus(TimeSeries(name="luminance", data=np.zeros(3), unit="cd", rate=1.0))

    path = write(tmp_path / "series.nwb", series)
    start = onsets.reshape(REPEATS, FRAMES)
    recording = count(path, presentations="movie")
    stop = np.column_stack([start[:, 1:], start[:, -1] + 1 / RATE])
    assert_array_equal(recording.counts, expected(start, stop))
    with pytest.raises(InputError, match="luminance does not say which frame was shown when: expected an IndexSeries"):
        count(path, presentations="luminance")


def test_units_may_say_themselves_where_they_are(tmp_path):
    """A plain table of units, without electrodes."""

    def units_alone(path):
        file = NWBFile("a session", "lab 8", datetime(2024, 1, 1, tzinfo=UTC), session_id="8")
        file.add_unit_column("region", "where")
        for train, region in zip(trains(), ("V1 L4", "v1", "LM", "MT"), strict=True):
            file.add_unit(spike_times=train, region=region)
        trials_of_frames(file)
        with NWBHDF5IO(path, "w") as out:
            out.write(file)
        return path

    path, given = (
        units_alone(tmp_path / "plain.nwb"),
        {"presentations": "trials", "columns": COLUMNS, "where": {"shown": "movie"}},
    )
    assert_array_equal(count(path, **given, unit_area="region").counts, expected())
    for settings, message in (
        ({}, "general/extracellular_ephys.* is missing"),
        ({"unit_area": "regio"}, "column 'regio' is missing; did you mean 'region'.; it has id, region, spike_times"),
    ):
        with pytest.raises(InputError, match=message):
            count(path, **given, **settings)


def test_a_row_may_hold_the_times_of_its_frames(tmp_path):
    uneven = START + np.array([0, 0.001, -0.002, 0.001, 0, 0.002])

    def fill(file):
        file.add_trial_column("flips", "when each frame came", index=True)
        for row, begin in zip(uneven, BEGAN, strict=True):
            file.add_trial(start_time=begin, stop_time=begin + 1, flips=row)

    path = write(tmp_path / "flips.nwb", fill)
    recording = count(path, presentations="trials", rows="showings", columns={"frame_times": "flips"}, rate_hz=None)
    stop = np.column_stack([uneven[:, 1:], uneven[:, -1] + np.median(np.diff(uneven, axis=1), axis=1)])
    assert_array_equal(recording.counts, expected(uneven, stop))


# ---------------------------------------------------------------- the documents

DOCS = Path(__file__).parents[2] / "docs"


def examples(heading):
    """The YAML blocks below a heading of docs/data.md."""
    section = (
        DOCS.joinpath("data.md")
        .read_text()
        .partition(f"### {heading}\n")[2]
        .partition("\n## ")[0]
        .partition("\n### ")[0]
    )
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]


def epochs(file):
    for begin in BEGAN:
        file.add_epoch(begin, begin + FRAMES / RATE)


def flips(file):
    file.add_trial_column("flips", "when each frame came", index=True)
    for row, begin in zip(START, BEGAN, strict=True):
        file.add_trial(start_time=begin, stop_time=begin + 1, flips=row)


def test_the_examples_of_the_documents_count_such_files(tmp_path):
    blocks = examples("NWB files of other laboratories")
    for number, (block, fill) in enumerate(zip(blocks, (trials_of_frames, epochs, flips), strict=True)):
        movie = config.Movie.model_validate(block["movies"]["mine"])
        path = write(tmp_path / f"{number}.nwb", fill)
        how = {
            "n_frames": movie.stimulus.frames,
            "rate_hz": movie.stimulus.rate_hz,
            **counting(movie.recording.counting),
        }
        recording, _ = count_session(path, movie.recording.presentations, LISTED, movie.recording.quality, **how)
        assert recording.summed.shape == (FRAMES, 3)
        if fill is not flips:  # whose last frame ends by rounding elsewhere
            assert_array_equal(recording.counts, expected())
        assert abs(recording.summed.sum() - expected().sum()) <= 1


def test_the_example_of_areas_is_a_config():
    (block,) = examples("Areas")
    asked = Study.model_construct(areas=block["areas"]).places(["CA1"])
    assert [place(name, asked) for name in ("V1", "area 17, left", "LM L4", "ca1", "AL")] == [
        "VISp",
        "VISp",
        "VISl",
        "CA1",
        None,
    ]


def test_every_test_that_the_page_on_counting_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", DOCS.joinpath("counting.md").read_text()))
    there = {
        name
        for file in (DOCS.parent / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert len(named) > 40
    assert named <= there
