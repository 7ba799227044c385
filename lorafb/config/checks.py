"""What no single key of a config shows: values that do not fit one another, names that nothing bears, files that are not there."""

from collections.abc import Iterator
from pathlib import Path

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
    for name, movie in study.movies.items():
        yield from _impossible_movie(f"movies.{name}", movie)
    for name, subject in study.subjects.items():
        yield from _impossible_subject(f"subjects.{name}", subject)
    yield from _too_long(study, "clip.lengths", study.experiments.clip.lengths)
    yield from _too_long(study, "shuffle.windows", study.experiments.shuffle.windows)
    yield from _doubled(study)
    yield from _norms(study)
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
    known = catalogue.layers(subject.network)
    for layer in subject.layers or []:
        if layer not in known[:-1]:
            scored = ", ".join(known[:-1])
            yield f"{key}.layers: '{layer}' is no scored layer of {subject.network}{nearest(layer, known[:-1])}; it has {scored}"
    problem = network.size_problem(subject.size)
    if problem:
        yield f"{key}.size: {problem}"


def _too_long(study: Study, experiment: str, lengths: list[int]) -> Iterator[str]:
    for name in study.scored:
        movie = study.movies[name]
        frames = movie.stimulus.frames if movie.stimulus else 0
        least, most = (2, frames) if experiment == "shuffle.windows" else (3, frames - movie.skip_frames)
        for length in lengths:
            if not least <= length <= most:
                yield f"experiments.{experiment}: {length} does not fit {name} ({frames} frames); {least} to {most} are allowed"
            elif experiment == "clip.lengths" and study.experiments.clip.trials > most - length + 1:
                trials = study.experiments.clip.trials
                yield f"experiments.clip.trials: {trials} different clips of {length} frames do not fit {name}; {most - length + 1} do"


def _doubled(study: Study) -> Iterator[str]:
    for key, values in (
        ("areas", study.areas),
        ("experiments.clip.lengths", study.experiments.clip.lengths),
        ("experiments.shuffle.windows", study.experiments.shuffle.windows),
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
        if movie is not None and movie not in study.shown:
            hint = nearest(movie, study.shown)
            yield f"subjects.{name}.checkpoint.norms: '{movie}' is no movie with a stimulus{hint}; there are {', '.join(study.shown)}"


def _missing(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    for key, file in files_of(study):
        if file not in study.assets and not locate(file, folders).is_file():
            yield f"{key}: no file {file} (looked in {', '.join(str(folder.resolve()) for folder in folders)})"


def locate(file: str, folders: tuple[Path, ...] = (Path(),)) -> Path:
    """Path of a file named in the config: absolute, or the first that exists below `folders`."""
    candidates = [folder / file for folder in folders]
    return next((path for path in candidates if path.exists()), candidates[0])
