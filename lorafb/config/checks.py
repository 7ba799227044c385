"""What no single key of a config shows: values that do not fit one another, names that nothing bears, files that are not there."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from lorafb.artefacts.recordings import Recording
from lorafb.config.experiments import Perturbation, Perturbed
from lorafb.config.model import Movie, StillScenes, Study
from lorafb.config.recordings import Allen, Arrays, Counts, Published, Simulated
from lorafb.config.stimuli import Array, Images, Tensor, Video
from lorafb.config.subjects import Initial, Saved, Trained
from lorafb.cortex import read_recording
from lorafb.cortex.simulated_areas import STREAMS
from lorafb.files import InputError, nearest
from lorafb.networks import catalogue


def impossible(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    """Say what is wrong with a config whose keys are each right, one line a problem: key, value, what is allowed."""
    found = [line for key, one in _stimuli(study) for line in _impossible_stimulus(key, one)]
    found += [
        f"scenes.{name}: movies has one of that name; choose another" for name in study.scenes if name in study.movies
    ]
    found += [line for name in study.networks for line in _impossible_network(study, name, folders)]
    found += [line for name in study.subjects for line in _impossible_subject(study, name)]
    yield from found
    if found:  # what follows asks for networks and movies that must be there
        return
    yield from _names(study)
    yield from _too_long(study)
    yield from _doubled(study)
    yield from _norms(study)
    yield from _kept(study)
    motion = study.recipes.motion
    if motion.warmup_epochs >= motion.epochs:
        yield f"recipes.motion.warmup_epochs: {motion.warmup_epochs} of {motion.epochs} epochs; fewer are allowed"
    if motion.frames > motion.video:
        yield f"recipes.motion.frames: {motion.frames} of a video's {motion.video} frames; at most that many are allowed"
    yield from _missing(study, folders)
    yield from _without_data(study, folders)
    yield from _too_short(study, folders)


def _too_short(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    """Say which videos and folders of images hold other numbers of frames than asked for."""
    from lorafb.stimuli import images, video  # the decoder takes a second to load

    for key, one in _stimuli(study):
        shown = one.stimulus
        if isinstance(shown, Video) and (path := locate(shown.file, folders)).is_file():
            held, end = video.n_frames(path), shown.start + shown.frames
            if end > held:
                yield f"{key}.stimulus.frames: frames {shown.start} to {end - 1} asked of {shown.file}, which holds {held}"
        if isinstance(shown, Images) and (path := locate(shown.folder, folders)).is_dir():
            held = len(images.files(path))
            if held != shown.frames:
                yield f"{key}.stimulus.frames: {shown.frames}, and {shown.folder} holds {held} images"


def _stimuli(study: Study) -> Iterator[tuple[str, Movie | StillScenes]]:
    """Movies and scenes, by their keys in the config."""
    yield from ((f"movies.{name}", movie) for name, movie in study.movies.items())
    yield from ((f"scenes.{name}", scenes) for name, scenes in study.scenes.items())


def _impossible_stimulus(key: str, shown: Movie | StillScenes) -> Iterator[str]:
    if shown.stimulus is None and shown.recording is None:
        yield f"{key}: has neither stimulus nor recording; give one of them or both"
    if isinstance(shown.recording, Simulated) and shown.stimulus is None:
        yield f"{key}.recording: simulated mice need a stimulus to see, and this movie has none"
    if isinstance(shown.recording, Simulated) and isinstance(shown.stimulus, Tensor):
        yield f"{key}.recording: simulated mice see frames as they were shown, and a prepared tensor has none"
    if isinstance(shown, Movie) and shown.stimulus is not None and shown.skip_frames > shown.stimulus.frames - 3:
        yield f"{key}.skip_frames: {shown.skip_frames} leaves fewer than 3 of {shown.stimulus.frames} frames"


def _impossible_network(study: Study, name: str, folders: tuple[Path, ...]) -> Iterator[str]:
    try:
        study.networks[name].record(name)
    except InputError as error:
        yield f"networks.{name}: {error}"
        return
    module = study.networks[name].build.partition(":")[0]
    if not module_files(study, name, folders) and find_spec(module.partition(".")[0]) is None:
        yield f"networks.{name}.build: no module {module} (no {module}.py in {_looked_in(folders)}, none installed)"


def module_files(study: Study, network: str, folders: tuple[Path, ...]) -> list[str]:
    """Find the file of the module of one's own network, where it lies beside the study; none where it is installed."""
    if network not in study.networks:
        return []
    file = study.networks[network].build.partition(":")[0].replace(".", "/") + ".py"
    return [file] if locate(file, folders).is_file() else []


def _impossible_subject(study: Study, name: str) -> Iterator[str]:
    key, subject = f"subjects.{name}", study.subjects[name]
    if subject.network not in (*study.networks, *catalogue.names()):
        hint = nearest(subject.network, [*study.networks, *catalogue.names()])
        yield f"{key}.network: unknown network '{subject.network}'{hint}"
        return
    network = study.record(name)
    if subject.training not in network.trainings:
        hint = nearest(subject.training, network.trainings)
        yield f"{key}.training: '{subject.training}' is none of {', '.join(network.trainings)}{hint}"
    if isinstance(subject.checkpoint, Trained) and subject.training not in catalogue.MOTION_TRAININGS:
        yield f"{key}.checkpoint.kind: 'trained' works for the motion task today; give a checkpoint file for {subject.training}"
    for layer in subject.layers or []:
        if layer not in network.scored:
            scored = ", ".join(network.scored)
            hint = nearest(layer, network.scored)
            yield f"{key}.layers: '{layer}' is no scored layer of {subject.network}{hint}; it has {scored}"
    problem = network.size_problem(subject.size)
    if problem:
        yield f"{key}.size: {problem}"


def _names(study: Study) -> Iterator[str]:
    """Say which names of subjects, movies and roles nothing bears, or two bear."""
    for subject, told in study.subjects.items():
        for name in told.sees or []:
            if name not in study.shown:
                hint = nearest(name, study.shown)
                yield f"subjects.{subject}.sees: '{name}' is none of {', '.join(study.shown)}{hint}"
    for name in ("lag_only", "mean"):
        bearers = [*study.subjects, *(area for _, one in _stimuli(study) for area in one.controls)]
        if name in bearers:
            yield f"{name}: is a name that tables use themselves; choose another"
    for name in study.stimuli:
        if name.endswith("_pairs"):
            yield f"movies.{name}: a name that ends in _pairs is used by tables themselves; choose another"
    for key, one in _stimuli(study):
        known = [*STREAMS]
        for area in one.controls if isinstance(one.recording, Simulated) else []:
            if area not in known:
                yield f"{key}.controls: simulated mice have no area '{area}'{nearest(area, known)}; they have {', '.join(known)}"
    for name, movie in study.movies.items():
        if movie.experiments and not (movie.stimulus and movie.recording):
            yield f"movies.{name}.experiments: {', '.join(movie.experiments)} take a stimulus and a recording"
    played = [one.role for one in study.subjects.values() if one.role]
    for role in sorted({role for role in played if played.count(role) > 1}):
        yield f"subjects: role {role} is played by more than one"
    stands = [movie.paper for movie in study.movies.values() if movie.paper]
    for paper in sorted({paper for paper in stands if stands.count(paper) > 1}):
        yield f"movies: paper {paper} is stood for by more than one"


def _perturbed(study: Study) -> Iterator[tuple[str, Perturbed, list[str]]]:
    """Name the experiments that are done in windows: the key, the settings, the movies."""
    for name in get_args(Perturbation):
        movies = dict.fromkeys(movie for _, movie in study.perturbed(name))
        yield f"experiments.{name}", getattr(study.experiments, name), list(movies)


def _too_long(study: Study) -> Iterator[str]:
    """Say which lengths fit no movie that is scored, and which windows not each movie that they are asked of."""
    movies = {name: study.movies[name] for name in study.scored if name in study.movies}
    longest = {name: (one.stimulus.frames if one.stimulus else 0) - one.skip_frames for name, one in movies.items()}
    clip = study.experiments.clip
    for length in clip.lengths:
        fits = [name for name, most in longest.items() if 3 <= length <= most]
        if longest and not fits:
            yield f"experiments.clip.lengths: {length} fits no movie; 3 to {max(longest.values())} are allowed"
        for name in fits:
            if clip.trials > longest[name] - length + 1:
                starts = longest[name] - length + 1
                yield f"experiments.clip.trials: {clip.trials} different clips of {length} frames do not fit {name}; {starts} do"
    for length in study.experiments.front.lengths:
        most = max((longest[name] + movies[name].skip_frames for name in movies), default=0)
        least = min((3 + one.skip_frames for one in movies.values()), default=3)
        if longest and not least <= length <= most:
            yield f"experiments.front.lengths: {length} fits no movie; {least} to {most} are allowed"
    for key, experiment, perturbed in _perturbed(study):
        for movie in perturbed:
            frames = longest[movie] + movies[movie].skip_frames if movie in movies else 0
            for window in experiment.windows:
                if frames and not 1 <= window <= frames:
                    yield f"{key}.windows: {window} does not fit {movie} ({frames} frames); 1 to {frames} are allowed"


def _doubled(study: Study) -> Iterator[str]:
    lists: list[tuple[str, Sequence[object]]] = [
        ("areas", study.areas),
        *(
            (f"{key}.controls", [one.lower() for one in (*study.areas, *shown.controls)])
            for key, shown in _stimuli(study)
        ),
        ("experiments.clip.lengths", study.experiments.clip.lengths),
        ("experiments.front.lengths", study.experiments.front.lengths),
        *((f"{key}.windows", experiment.windows) for key, experiment, _ in _perturbed(study)),
        ("experiments.replace.kinds", study.experiments.replace.kinds),
        ("subjects, as figures name them", [subject.shown_as for subject in study.subjects.values()]),
    ]
    for key, values in lists:
        for value in sorted({str(one) for one in values if values.count(one) > 1}):
            yield f"{key}: {value} stands there more than once"


def _without_data(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    for name, movie in study.movies.items():
        areas = [*study.areas, *movie.controls]
        if isinstance(movie.recording, Arrays):
            files = movie.recording.files
            yield from (
                f"areas: {area} has no file in movies.{name}.recording.files" for area in areas if area not in files
            )
        if not isinstance(movie.recording, Counts) or not (path := locate(movie.recording.file, folders)).is_file():
            continue
        if read_recording.is_csv(path) and movie.recording.rate_hz is None:
            yield f"movies.{name}.recording.rate_hz: is missing (a .csv does not hold the frame rate)"
            continue
        known = read_recording.areas(path)
        for area in areas:
            if area not in known:
                yield f"areas: {area} has no data in movies.{name}.recording ({movie.recording.file}); it holds {', '.join(known)}"
        if study.areas[0] in known:
            first = read_recording.read_counts(path, study.areas[0], name, movie.recording.rate_hz)
            yield from _unlike(f"movies.{name}", movie, first)


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


def is_url(source: str) -> bool:
    """Whether a session is named by its address on a server, and not by a path."""
    return source.startswith(("https://", "http://"))


def files_of(study: Study) -> Iterator[tuple[str, str]]:
    """Name every file that the config names: its key, and the path as it stands there."""
    for key, one in _stimuli(study):
        if isinstance(one.stimulus, Video | Array | Tensor):
            yield f"{key}.stimulus.file", one.stimulus.file
        if isinstance(one.recording, Counts):
            yield f"{key}.recording.file", one.recording.file
        elif isinstance(one.recording, Allen):
            local = (file for file in one.recording.sessions if not is_url(file))
            yield from ((f"{key}.recording.sessions", file) for file in local)
        elif isinstance(one.recording, Published):
            yield from (
                (f"{key}.recording.folder", file) for file in one.recording.of_areas([*study.areas, *one.controls])
            )
        elif isinstance(one.recording, Arrays):
            yield from ((f"{key}.recording.files.{area}", file) for area, file in one.recording.files.items())
    for name, subject in study.subjects.items():
        if isinstance(subject.checkpoint, Saved):
            yield f"subjects.{name}.checkpoint.file", subject.checkpoint.file


def _norms(study: Study) -> Iterator[str]:
    for name, subject in study.subjects.items():
        movie = subject.checkpoint.norms if isinstance(subject.checkpoint, Initial) else None
        kind = study.record(name).feed(subject.training).kind if movie is not None else ""
        if movie is not None and kind != "stateful":
            yield f"subjects.{name}.checkpoint.norms: only for networks that see a movie frame by frame, not '{kind}'"
        elif movie is not None and movie not in (known := [one for one in study.shown if one in study.movies]):
            hint = nearest(movie, known)
            yield f"subjects.{name}.checkpoint.norms: '{movie}' is no movie with a stimulus{hint}; there are {', '.join(known)}"


def _kept(study: Study) -> Iterator[str]:
    known = list(dict.fromkeys(layer for name in study.subjects for layer in study.layers(name)))
    for layer in study.features.keep if isinstance(study.features.keep, list) else []:
        if layer not in known:
            yield f"features.keep: '{layer}' is a scored layer of no subject{nearest(layer, known)}"


def _missing(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    for key, file in files_of(study):
        if file not in study.assets and not locate(file, folders).is_file():
            yield f"{key}: no file {file} (looked in {_looked_in(folders)})"
    for key, one in _stimuli(study):
        if isinstance(one.stimulus, Images) and not locate(one.stimulus.folder, folders).is_dir():
            yield f"{key}.stimulus.folder: no folder {one.stimulus.folder} (looked in {_looked_in(folders)})"


def _looked_in(folders: tuple[Path, ...]) -> str:
    return ", ".join(dict.fromkeys(str(folder.resolve()) for folder in folders))


def locate(file: str, folders: tuple[Path, ...] = (Path(),)) -> Path:
    """Path of a file named in the config: absolute, or the first that exists below `folders`."""
    candidates = [folder / file for folder in folders]
    return next((path for path in candidates if path.exists()), candidates[0])
