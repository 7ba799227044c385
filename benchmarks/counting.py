"""How fast spikes are counted, and what a session costs in time, memory and bytes: `python benchmarks/counting.py`.

All ways of a table run in turn in each round, so that whatever else the machine does slows all of them alike: ratios can be
compared between runs, seconds cannot. Sessions are random numbers laid out as Allen's files lay them out; `--big` makes one
of 2 GB, as the real ones are.
"""

import argparse
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lorafb.cortex import remote
from lorafb.cortex.counts import count_units
from lorafb.cortex.sessions import count_session

REPEATS, FRAMES, RATE_HZ, SESSION_S = 20, 900, 30.0, 9600.0
VISUAL = ["VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam"]
AREAS = [*VISUAL, "CA1", "CA3", "DG", "LGd", "LP", "TH"]
MB = 2**20
LATENCY_S, MB_PER_S = 0.1, 25.0
"""Of the line that the last table reckons with."""

Array = NDArray[np.float64]
Counts = NDArray[np.integer]


def shown() -> tuple[Array, Array]:
    """Start and stop of a movie's frames [repeats, frames], in two blocks, with the jitter of a screen."""
    jitter = np.random.default_rng(0).uniform(-0.001, 0.001, (REPEATS, FRAMES + 1))
    begins = 100 + np.arange(REPEATS) * FRAMES / RATE_HZ + (np.arange(REPEATS) >= REPEATS // 2) * 3000
    edges = begins[:, None] + np.arange(FRAMES + 1) / RATE_HZ + jitter
    edges[1:, 0] = np.where(np.arange(1, REPEATS) == REPEATS // 2, edges[1:, 0], edges[:-1, -1])
    return edges[:, :-1], edges[:, 1:]


def trains(n_units: int, n_spikes: int) -> Iterator[Array]:
    """Sorted spike times of each unit, together about `n_spikes`; some units fire much more than others."""
    random = np.random.default_rng(1)
    share = random.lognormal(0, 1, n_units)
    for n in (n_spikes * share / share.sum()).astype(int):
        yield np.sort(random.uniform(0, SESSION_S, n))


# ---------------------------------------------------------------- counting


def by_histogram(spikes: Sequence[Array], start: Array, stop: Array) -> Counts:
    """Count with one histogram a unit and repeat, which is right only where frames follow without a gap."""
    edges = np.concatenate([start, stop[:, -1:]], axis=1)
    return np.stack([[np.histogram(train, row)[0] for row in edges] for train in spikes], axis=-1)


def by_loop(spikes: Sequence[Array], start: Array, stop: Array) -> Counts:
    """Count with a plain loop over units and frames."""
    rows = list(zip(start.ravel(), stop.ravel(), strict=True))
    counts = [[np.sum((train >= begin) & (train < end)) for begin, end in rows] for train in spikes]
    return np.array(counts).T.reshape(*start.shape, len(spikes))


def counting(n_units: int, n_spikes: int, rounds: int, sample: int = 10) -> list[list[str]]:
    """Time every way; the loop counts `sample` units and is scaled up."""
    spikes, (start, stop) = list(trains(n_units, n_spikes)), shown()
    ways: dict[str, tuple[Callable[..., Counts], int]] = {
        "one sorted search a unit (ours)": (count_units, n_units),
        "a histogram a unit and repeat": (by_histogram, n_units),
        f"a loop over units and frames ({sample} units, scaled)": (by_loop, sample),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    expected = count_units(spikes, start, stop)
    for _ in range(rounds):
        for name, (way, n) in ways.items():
            begun = time.perf_counter()
            found = way(spikes[:n], start, stop)
            taken[name].append((time.perf_counter() - begun) * n_units / n)
            np.testing.assert_array_equal(found, expected[:, :, :n])
    ours = np.median(taken[next(iter(ways))])
    return [
        [name, f"{np.median(times):.2f}", f"{max(times):.2f}", f"{np.median(times) / ours:.1f}"]
        for name, times in taken.items()
    ]


# ---------------------------------------------------------------- sessions


def write_session(path: Path, n_units: int, n_spikes: int, waveform_mb: int, packed: bool) -> None:
    """Write a session unit by unit: tables, spike times, and as large as these amplitudes and waveforms, which no study reads."""
    random = np.random.default_rng(2)
    how = {"chunks": (2**16,), "compression": "gzip", "compression_opts": 1, "shuffle": True} if packed else {}
    lengths = [len(train) for train in trains(n_units, n_spikes)]
    with h5py.File(path, "w") as file:
        file["general/session_id"] = "700000001"
        file["identifier"] = "700000001"
        electrodes = file.create_group("general/extracellular_ephys/electrodes")
        electrodes["id"] = np.arange(2304) + 850_000_000
        electrodes["location"] = [AREAS[channel * len(AREAS) // 2304] for channel in range(2304)]
        units = file.create_group("units")
        units["id"] = np.arange(n_units) + 950_000_000
        units["peak_channel_id"] = np.sort(random.integers(0, 2304, n_units)) + 850_000_000
        units["spike_times_index"] = np.cumsum(lengths)
        units["amplitude_cutoff"] = random.uniform(0, 0.15, n_units)
        units["presence_ratio"], units["isi_violations"] = np.full(n_units, 0.99), np.full(n_units, 0.1)
        for name in ("spike_amplitudes", "spike_times"):
            column, last = units.create_dataset(name, (sum(lengths),), float, **how), 0
            for train in trains(n_units, n_spikes):
                column[last : last + len(train)] = train
                last += len(train)
        rows = waveform_mb * MB // (82 * 8)
        waveforms = units.create_dataset("waveform_mean", (rows, 82), float)
        for first in range(0, rows, 2**14):
            waveforms[first : first + 2**14] = random.random((min(2**14, rows - first), 82))
        start, stop = (times.ravel() for times in shown())
        table = file.create_group("intervals/natural_movie_one_presentations")
        columns = {"id": np.arange(start.size), "start_time": start, "stop_time": stop}
        for name, values in (columns | {"frame": np.tile(np.arange(FRAMES), REPEATS)}).items():
            table[name] = values.astype(float) if name != "id" else values


@contextmanager
def serving(path: Path) -> Iterator[str]:
    """Serve a file by byte ranges."""
    size = path.stat().st_size

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            last = min(last, size - 1)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Content-Length", str(last + 1 - first))
            self.end_headers()
            with path.open("rb") as file:
                file.seek(first)
                for at in range(first, last + 1, MB):
                    self.wfile.write(file.read(min(MB, last + 1 - at)))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/{path.name}"
    finally:
        server.shutdown()
        server.server_close()


def peak_of(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that `work` takes, and most memory (MB) that the whole process holds meanwhile."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak from here on
    begun = time.perf_counter()
    work()
    taken = time.perf_counter() - begun
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return taken, int(status.partition("VmHWM:")[2].split()[0]) / 1024


def prepare(source: object, name: str, kept: list[Counts]) -> None:
    """Count a session as a study does."""
    counted, _ = count_session(source, "natural_movie_one", VISUAL, name=name)  # type: ignore[arg-type]
    kept.append(counted.counts)


def sessions(path: Path) -> list[list[str]]:
    """Prepare a session from its file and from a server."""
    kept: list[Counts] = []
    size = path.stat().st_size / MB
    taken, peak = peak_of(partial(prepare, path, path.name, kept))
    rows = [["file here", f"{size:.0f}", "", "", f"{taken:.1f}", f"{peak:.0f}"]]
    with serving(path) as url, remote.open_remote(url) as file:
        taken, peak = peak_of(partial(prepare, file, path.name, kept))
        read = file.bytes_read / MB
        share = f"{read:.0f} ({read / size:.0%})"
        rows.append(["server on this machine", f"{size:.0f}", share, str(file.requests), f"{taken:.1f}", f"{peak:.0f}"])
    np.testing.assert_array_equal(*kept)
    units = kept[0].shape[2]
    return [[f"{row[0]}, {units} units kept", *row[1:]] for row in rows]


def caches(path: Path, what: str) -> list[list[str]]:
    """Read a session from a server with blocks of several sizes, each with 32 MB of them."""
    rows = []
    given = remote.LONG, remote.BLOCKS
    for block in (2**16, 2**18, 2**20, 2**22):
        for long in (given[0], 2**40):
            remote.LONG, remote.BLOCKS = long, 2**25 // block
            with serving(path) as url, remote.open_remote(url, block) as file:
                prepare(file, path.name, [])
                read = file.bytes_read / MB
                reckoned = file.requests * LATENCY_S + read / MB_PER_S
                runs = "yes" if long == given[0] else "no"
                rows.append([what, f"{block // 1024}", runs, str(file.requests), f"{read:.1f}", f"{reckoned:.0f}"])
    remote.LONG, remote.BLOCKS = given
    return rows


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=1500, help="units of a session, of which about a third is kept")
    parser.add_argument("--spikes", type=int, default=6_000_000, help="spikes of a session")
    parser.add_argument("--rounds", type=int, default=3, help="times that counting is timed")
    parser.add_argument("--big", action="store_true", help="a session of 2 GB: 2,779 units, 85 million spikes")
    told = parser.parse_args()
    logging.getLogger("lorafb").setLevel(logging.ERROR)
    size = (2779, 85_000_000, 750) if told.big else (told.units, told.spikes, 100)
    n, of = 500, size[1] * 500 // size[0]
    table(
        f"Counting {of:,} spikes of {n} units in {REPEATS} x {FRAMES} frames",
        ["way", "seconds", "slowest", "times ours"],
        counting(n, of, told.rounds),
    )
    with tempfile.TemporaryDirectory() as folder:
        read: list[list[str]] = []
        for packed, what in ((False, "plain"), (True, "packed")):
            path = Path(folder) / "session.nwb"
            write_session(path, *size, packed)
            if not packed:
                table(
                    "Preparing a session",
                    ["from", "file MB", "read MB", "requests", "seconds", "peak MB of the process"],
                    sessions(path),
                )
            read += caches(path, what)
    table(
        f"Blocks, reckoned for a line of {LATENCY_S * 1000:.0f} ms and {MB_PER_S:.0f} MB/s",
        ["spike times", "block KB", "long runs in one request", "requests", "read MB", "seconds"],
        read,
    )


if __name__ == "__main__":
    main()
