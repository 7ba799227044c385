"""What no single key of a config shows: values that do not fit one another, names that nothing bears, files that are not there."""

from collections.abc import Iterator
from pathlib import Path

from lorafb.artefacts.recordings import Recording
from lorafb.config.model import (
    Allen,
    Array,
    Counts,
    Initial,
    Movie,
    Published,
    Saved,
    Simulated,
    Study,
    Subject,
    Trained,
    Video,
)
from lorafb.cortex import table
from lorafb.files import InputError, nearest
from lorafb.networks import catalogue


def impossible(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    """Say what is wrong with a config whose keys are each right, one line a problem: key, value, what is allowed."""
    found = [line for name, movie in study.movies.items() for line in _impossible_movie(f"movies.{name}", movie)]
    found += [line for name, one in study.subjects.items() for line in _impossible_subject(f"subjects.{name}", one)]
    yield from found
    if found:  # what follows asks for networks and movies that must be there
        return
    yield from _too_long(study)
    yield from _doubled(study)
    yield from _norms(study)
    yield from _kept(study)
    motion = study.recipes.motion
    if motion.warmup_epochs >= motion.epochs:
        yield f"recipes.motion.warmup_epochs: {motion.warmup_epochs} of {motion.epochs} epochs; fewer are allowed"
    yield from _missing(study, folders)
    yield from _without_data(study, folders)


def _impossible_movie(key: str, movie: Movie) -> Iterator[str]:
    if movie.stimulus is None and movie.recording is None:
        yield f"{key}: has neither stimulus nor recording; give one of them or both"
    if isinstance(movie.recording, Simulated) and movie.stimulus is None:
        yield f"{key}.recording: simulated mice need a stimulus to see, and this movie has none"
    if movie.stimulus is not None and movie.skip_frames > movie.stimulus.frames - 3:
        yield f"{key}.skip_frames: {movie.skip_frames} leaves fewer than 3 of {movie.stimulus.frames} frames"


def _impossible_subject(key: str, subject: Subject) -> Iterator[str]:
    try:
        network = catalogue.network(subject.network)
    except InputError as error:
        yield f"{key}.network: {error}"
        return
    if subject.training not in network.trainings:
        hint = nearest(subject.training, network.trainings)
        yield f"{key}.training: '{subject.training}' is none of {', '.join(network.trainings)}{hint}"
    if isinstance(subject.checkpoint, Trained) and subject.training != "motion":
        yield f"{key}.checkpoint.kind: 'trained' works for the motion task today; give a checkpoint file for {subject.training}"
    known = catalogue.scored(subject.network)
    for layer in subject.layers or []:
        if layer not in known:
            scored = ", ".join(known)
            yield f"{key}.layers: '{layer}' is no scored layer of {subject.network}{nearest(layer, known)}; it has {scored}"
    problem = network.size_problem(subject.size)
    if problem:
        yield f"{key}.size: {problem}"


def _too_long(study: Study) -> Iterator[str]:
    clip = study.experiments.clip
    for name in study.scored:
        movie = study.movies[name]
        most = (movie.stimulus.frames if movie.stimulus else 0) - movie.skip_frames
        for length in clip.lengths:
            if not 3 <= length <= most:
                frames = most + movie.skip_frames
                yield f"experiments.clip.lengths: {length} does not fit {name} ({frames} frames); 3 to {most} are allowed"
            elif clip.trials > most - length + 1:
                yield (
                    f"experiments.clip.trials: {clip.trials} different clips of {length} frames do not fit {name};"
                    f" {most - length + 1} do"
                )


def _doubled(study: Study) -> Iterator[str]:
    for key, values in (
        ("areas", study.areas),
        ("experiments.clip.lengths", study.experiments.clip.lengths),
        ("subjects, as figures name them", [subject.shown_as for subject in study.subjects.values()]),
    ):
        for value in sorted({str(one) for one in values if list(values).count(one) > 1}):
            yield f"{key}: {value} stands there more than once"


def _without_data(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    for name, movie in study.movies.items():
        if isinstance(movie.recording, Counts) and (path := locate(movie.recording.file, folders)).is_file():
            known = table.areas(path)
            for area in study.areas:
                if area not in known:
                    yield f"areas: {area} has no data in movies.{name}.recording ({movie.recording.file}); it holds {', '.join(known)}"
            if study.areas[0] in known:
                yield from _unlike(f"movies.{name}", movie, table.read(path, study.areas[0], name))


def _unlike(key: str, movie: Movie, recording: Recording) -> Iterator[str]:
    """Say where the frames shown and the bins recorded cannot be the same."""
    if movie.stimulus is None:
        return
    n_bins, n_frames = len(recording.summed), movie.stimulus.frames
    if n_bins != n_frames:
        yield f"{key}: the recording has {n_bins} bins, the stimulus {n_frames} frames; they must be the same"
    rate_hz = None if isinstance(movie.stimulus, Video) else movie.stimulus.rate_hz
    if rate_hz is not None and abs(recording.rate_hz / rate_hz - 1) > 0.01:
        yield f"{key}: the recording has {recording.rate_hz:g} bins a second, the stimulus {rate_hz:g} frames; they must be the same"


def files_of(study: Study) -> Iterator[tuple[str, str]]:
    """Name every file that the config names: its key, and the path as it stands there."""
    for name, movie in study.movies.items():
        if isinstance(movie.stimulus, Video | Array):
            yield f"movies.{name}.stimulus.file", movie.stimulus.file
        if isinstance(movie.recording, Counts):
            yield f"movies.{name}.recording.file", movie.recording.file
        elif isinstance(movie.recording, Allen):
            yield from ((f"movies.{name}.recording.sessions", file) for file in movie.recording.sessions)
        elif isinstance(movie.recording, Published):
            yield from ((f"movies.{name}.recording.folder", file) for file in movie.recording.files(study.areas))
    for name, subject in study.subjects.items():
        if isinstance(subject.checkpoint, Saved):
            yield f"subjects.{name}.checkpoint.file", subject.checkpoint.file


def _norms(study: Study) -> Iterator[str]:
    for name, subject in study.subjects.items():
        movie = subject.checkpoint.norms if isinstance(subject.checkpoint, Initial) else None
        kind = catalogue.feed(subject.network, subject.training).kind if movie is not None else ""
        if movie is not None and kind != "stateful":
            yield f"subjects.{name}.checkpoint.norms: only for networks that see a movie frame by frame, not '{kind}'"
        elif movie is not None and movie not in study.shown:
            hint = nearest(movie, study.shown)
            yield f"subjects.{name}.checkpoint.norms: '{movie}' is no movie with a stimulus{hint}; there are {', '.join(study.shown)}"


def _kept(study: Study) -> Iterator[str]:
    known = list(dict.fromkeys(layer for subject in study.subjects.values() for layer in subject.scored))
    for layer in study.features.keep if isinstance(study.features.keep, list) else []:
        if layer not in known:
            yield f"features.keep: '{layer}' is a scored layer of no subject{nearest(layer, known)}"


def _missing(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    for key, file in files_of(study):
        if file not in study.assets and not locate(file, folders).is_file():
            yield f"{key}: no file {file} (looked in {', '.join(dict.fromkeys(str(folder.resolve()) for folder in folders))})"


def locate(file: str, folders: tuple[Path, ...] = (Path(),)) -> Path:
    """Path of a file named in the config: absolute, or the first that exists below `folders`."""
    candidates = [folder / file for folder in folders]
    return next((path for path in candidates if path.exists()), candidates[0])
