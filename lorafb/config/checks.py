"""What no single key of a config shows: values that do not fit together, unknown names, missing files."""

import re
import sys
from collections.abc import Collection, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from lorafb.config.experiments import Perturbation, Scored
from lorafb.config.model import Study
from lorafb.config.movies import (
    Array,
    Arrays,
    Counts,
    Images,
    Movie,
    Published,
    Sessions,
    Simulated,
    Spikes,
    StillScenes,
    Tensor,
    Video,
)
from lorafb.config.subjects import Initial, Library, Saved, Trained, seeds_problems
from lorafb.cortex import places, read_recording, spike_tables
from lorafb.cortex.presentations import movie_repeats, scene_repeats
from lorafb.cortex.simulated_areas import STREAMS
from lorafb.files import InputError, nearest
from lorafb.networks import catalogue, named
from lorafb.similarity import metrics

DANDI, ARCHIVE = "dandi:", "https://api.dandiarchive.org/api"
ASSET = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""How a session on DANDI is given, where it is, and its id."""


def impossible(study: Study, folders: tuple[Path, ...], inside: bool = True) -> Iterator[str]:
    """Describe what is wrong with a config whose keys are each valid, one line a problem: key, value, what is allowed.

    `inside`: whether files that it names are opened, too.
    """
    named.look_up(one.network for one in study.subjects.values() if named.is_named(one.network))
    first = [
        *(line for key, one in _stimuli(study) for line in _impossible_stimulus(key, one)),
        *(f"scenes.{name}: a movie has this name; choose another" for name in study.scenes if name in study.movies),
        *_sets(study),
        *(line for name in study.networks for line in _impossible_network(study, name, folders)),
        *(line for name in study.subjects for line in _impossible_subject(study, name)),
        *_impossible_metrics(study, folders),
        *(f"subjects.{name}.seeds: {line}" for name in study.subjects for line in seeds_problems(name, study.subjects)),
    ]
    yield from first
    if first:  # the checks below look up networks, movies and metrics
        return
    checks = (_places, _names, _replicates, _roles, _metrics, _lengths, _windows, _doubled, _norms, _kept, _recipes)
    for check in checks:
        yield from check(study)
    for check_files in (_missing, _without_data, *((_other_counts, _other_frames, _too_short) if inside else ())):
        yield from check_files(study, folders)


def _none_of(key: str, value: str, allowed: Collection[str]) -> Iterator[str]:
    """Name a value that is not allowed, with the allowed ones and the nearest of them."""
    if value not in allowed:
        yield f"{key}: '{value}' is none of {', '.join(allowed)}{nearest(value, allowed)}"


def _recipes(study: Study) -> Iterator[str]:
    """Name the recipes that cannot be followed, or that no subject is trained by."""
    motion = study.recipes.motion
    if motion.frames > motion.video:
        yield f"recipes.motion.frames: {motion.frames} of a video's {motion.video} frames; at most that many are allowed"
    for name, settings in study.recipes.named.items():
        if settings.warmup_epochs >= settings.epochs:
            yield (
                f"recipes.{name}.warmup_epochs: {settings.warmup_epochs} of {settings.epochs} epochs; fewer are allowed"
            )
    trained = [name for name, one in study.subjects.items() if isinstance(one.checkpoint, Trained)]
    used = {study.recipe_of(name) for name in trained}
    for name in study.recipes.named.keys() - type(study.recipes).model_fields.keys() - used:
        hint = nearest(name, type(study.recipes).model_fields)
        yield f"recipes.{name}: no subject has `checkpoint: {{kind: trained, recipe: {name}}}`{hint}"
    for name in trained:
        yield from _untrainable(study, name)


def _untrainable(study: Study, name: str) -> Iterator[str]:
    """Say why a subject cannot be trained here: its recipe, its training set or its network."""
    subject, known, chosen = study.subjects[name], study.recipes.named, study.recipe_of(name)
    training, files = subject.training, study.training_sets.get(study.set_of(subject.training))
    if chosen not in known:
        yield from _none_of(f"subjects.{name}.checkpoint.recipe", chosen, known)
        return
    embedded = training in catalogue.MOTION_TRAININGS
    if not embedded and files is None:
        yield (
            f"subjects.{name}.training: '{training}' is on no disk yet; say where in training_sets.{study.set_of(training)}"
            f".folder{nearest(training, study.training_sets)}"
        )
        return
    kind = "motion" if embedded else "images" if files is not None and files.images else "videos"
    fits = getattr(known[chosen], "kind", "motion")
    if fits != kind:
        yield f"subjects.{name}.checkpoint.recipe: '{chosen}' is for {fits}, and {training} needs one for {kind}"
    network = study.record(name)
    if not network.layers[-1] and subject.network not in study.networks:
        yield f"subjects.{name}.checkpoint.kind: {subject.network} has no classifier to train; give a checkpoint file"
    size = getattr(known[chosen], "size", 0)
    if size and (problem := network.size_problem(size)):
        yield f"recipes.{chosen}.size: {problem}"


def _sets(study: Study) -> Iterator[str]:
    """Name the training sets that say too little of themselves."""
    for name, one in study.training_sets.items():
        key = f"training_sets.{name}"
        if one.kind is None:
            yield f"{key}.kind: is needed for a set of this name: folder, ucf101 or imagenet{nearest(name, ('ucf101', 'imagenet'))}"
        elif one.kind != "folder" and name != one.kind:
            yield f"{key}.kind: a set of kind {one.kind} is called {one.kind}; other names are for kind folder"
        if name in catalogue.MOTION_TRAININGS or name in catalogue.VIDEO_TRAININGS[1:]:
            yield f"{key}: is made from other files; choose another name"
        if one.kind == "folder" and one.classes is None:
            yield f"{key}.classes: is missing (number of classes, which the network has outputs for)"


def _too_short(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    """Name the videos that are too short, and the folders that do not hold the number of images in the config."""
    from lorafb.stimuli import images, video  # the decoder takes a second to load

    for key, one in _stimuli(study):
        shown = one.stimulus
        if isinstance(shown, Video) and (path := locate(shown.file, folders)).is_file():
            there, end = video.n_frames(path), shown.start + shown.frames
            if end > there:
                yield f"{key}.stimulus.frames: needs frames {shown.start} to {end - 1} of {shown.file}, which has {there}"
        if isinstance(shown, Images) and (path := locate(shown.folder, folders)).is_dir():
            there = len(images.files(path))
            if there != shown.frames:
                yield f"{key}.stimulus.frames: {shown.frames}, but {shown.folder} has {there} images"


def _stimuli(study: Study) -> Iterator[tuple[str, Movie | StillScenes]]:
    """Movies and scenes, by their keys in the config."""
    yield from ((f"movies.{name}", movie) for name, movie in study.movies.items())
    yield from ((f"scenes.{name}", scenes) for name, scenes in study.scenes.items())


def _impossible_stimulus(key: str, shown: Movie | StillScenes) -> Iterator[str]:
    if shown.stimulus is None and shown.recording is None:
        yield f"{key}: has neither stimulus nor recording; give one of them or both"
    if isinstance(shown.recording, Simulated) and shown.stimulus is None:
        yield f"{key}.recording: simulated mice need a stimulus, and this movie has none"
    if isinstance(shown.recording, Simulated) and isinstance(shown.stimulus, Tensor):
        yield f"{key}.recording: simulated mice need frames in uint8, and a prepared tensor has none"
    if isinstance(shown, Movie) and shown.real and shown.min_rate is not None:
        yield f"{key}.min_rate: {shown.min_rate:g} is a rate of spikes, and real values have none; leave it out"
    if isinstance(shown, Movie) and shown.stimulus is not None and shown.skip_frames > shown.stimulus.frames - 3:
        yield f"{key}.skip_frames: {shown.skip_frames} leaves fewer than 3 of {shown.stimulus.frames} frames"


def _impossible_network(study: Study, name: str, folders: tuple[Path, ...]) -> Iterator[str]:
    try:
        study.networks[name].record(name)
    except InputError as error:
        yield f"networks.{name}: {error}"
        return
    yield from _no_module(f"networks.{name}.build", study.networks[name].build, folders)


def _no_module(key: str, target: str, folders: tuple[Path, ...]) -> Iterator[str]:
    """Say that the module of a "module:name" is neither beside the config nor installed."""
    module = target.partition(":")[0]
    if not module_files(target, folders) and find_spec(module.partition(".")[0]) is None:
        yield f"{key}: no module {module} (no {module}.py in {_looked_in(folders)}, none installed)"


def module_files(target: str, folders: tuple[Path, ...]) -> list[str]:
    """File of the module of a "module:name", where it is beside the config; none where it is installed."""
    module, colon, _ = target.partition(":")
    file = module.replace(".", "/") + ".py"
    return [file] if colon and locate(file, folders).is_file() else []


def _impossible_metrics(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    """Name the metrics that cannot be found or imported; modules beside the config are imported from there."""
    sys.path[:0] = beside = [str(folder.resolve()) for folder in folders]
    try:
        for name in study.metrics:
            missing = list(_no_module("metrics", name, folders)) if ":" in name else []
            yield from missing
            if not missing:
                try:
                    (metrics.load if ":" in name else metrics.find)(name)
                except ValueError as error:
                    yield f"metrics: {error}"
    finally:
        del sys.path[: len(beside)]


def _metrics(study: Study) -> Iterator[str]:
    """Name the experiments whose metrics the study does not have, or which need the whole movie."""
    partial = study.partial_metrics
    if not partial:
        known = ", ".join(name for name, one in metrics.METRICS.items() if not one.whole_movie)
        yield f"metrics: {', '.join(study.metrics)} need whole movies; add one for clips, scenes and areas: {known}"
    for experiment in ("clip", "front", *get_args(Perturbation)):
        allowed = study.metrics if experiment in get_args(Perturbation) else partial
        for name in getattr(study.experiments, experiment).metrics or []:
            yield from _none_of(f"experiments.{experiment}.metrics", name, allowed)


def _impossible_subject(study: Study, name: str) -> Iterator[str]:
    key, subject = f"subjects.{name}", study.subjects[name]
    is_named = named.is_named(subject.network)
    if not is_named and subject.network not in (*study.networks, *catalogue.names()):
        hint = nearest(subject.network, [*study.networks, *catalogue.names()])
        yield f"{key}.network: unknown network '{subject.network}'{hint}"
        return
    try:
        network = study.record(name)
    except InputError as error:
        yield f"{key}.network: {error}"
        return
    if "training" not in subject.model_fields_set and network.trainings != (subject.training,):
        yield f"{key}.training: is missing (training set: {', '.join(network.trainings)})"
    else:
        yield from _none_of(f"{key}.training", subject.training, network.trainings)
    if isinstance(subject.checkpoint, Library) and not subject.network.startswith(("torchvision:", "timm:")):
        yield f"{key}.checkpoint.kind: 'library' is for networks torchvision:NAME and timm:NAME, not {subject.network}"
    try:
        network.choose(subject.layers)
    except InputError as error:
        yield f"{key}.layers: {error}"
    problem = network.size_problem(study.size(name))
    if problem:
        yield f"{key}.size: {problem}"


def _names(study: Study) -> Iterator[str]:
    """Name what refers to no movie or area, and names that tables use themselves."""
    for subject, settings in study.subjects.items():
        for name in settings.sees or []:
            yield from _none_of(f"subjects.{subject}.sees", name, study.shown)
    for name in ("lag_only", "mean"):
        if name in [*study.subjects, *study.replicates, *(area for _, one in _stimuli(study) for area in one.controls)]:
            yield f"{name}: tables use this name themselves; choose another"
    for name in study.stimuli:
        if name.endswith("_pairs"):
            yield f"movies.{name}: tables use names that end in _pairs themselves; choose another"
    for name, movie in study.movies.items():
        if movie.experiments and not (movie.stimulus and movie.recording):
            yield f"movies.{name}.experiments: {', '.join(movie.experiments)} need a stimulus and a recording"


def _places(study: Study) -> Iterator[str]:
    """Name what is not recorded: areas that simulated mice lack, columns that fit no rows, ids that are none."""
    for key, one in _stimuli(study):
        for area in (*study.areas, *one.controls) if isinstance(one.recording, Simulated) else ():
            if area not in STREAMS:
                where = "areas" if area in study.areas else f"{key}.controls"
                yield f"{where}: simulated mice have no area '{area}'{nearest(area, STREAMS)}; they have {', '.join(STREAMS)}"
        if not isinstance(one.recording, Sessions):
            continue
        for session in one.recording.sessions:
            if session.startswith(DANDI) and not ASSET.fullmatch(session.removeprefix(DANDI)):
                yield f"{key}.recording.sessions: '{session}' names no asset; expected dandi: and its id, 32 hexadecimal digits"
        columns = one.recording.columns
        if one.recording.rows == "frames" and columns.frame_times:
            yield f"{key}.recording.columns.frame_times: is of rows that are showings; set `rows: showings`"
        if one.recording.rows == "showings" and (columns.frame or columns.repeat):
            yield f"{key}.recording.columns: rows that are showings have neither `frame` nor `repeat`"


def _replicates(study: Study) -> Iterator[str]:
    """Name the replicates that differ from the first one in more than their weights, and networks without a name of their own."""
    for network, (first, *others) in study.replicates.items():
        if network in study.subjects and [first, *others] != [network]:
            yield f"subjects.{first}.replicate_of: {network} is a subject itself; choose another name"
        for one in others:
            mine, its = (dict(study.subjects[name]) for name in (one, first))
            for key in mine:
                if key != "checkpoint" and mine[key] != its[key]:
                    yield f"subjects.{one}.{key}: {mine[key]}, but {its[key]} in {first}, which is a replicate of {network} too"


def _roles(study: Study) -> Iterator[str]:
    roles = [role for first, *_ in study.replicates.values() if (role := study.subjects[first].role)]
    yield from (f"subjects: role {role} is assigned to more than one subject" for role in _repeated(roles))
    papers = [movie.paper for movie in study.movies.values() if movie.paper]
    yield from (f"movies: more than one movie has `paper: {paper}`" for paper in _repeated(papers))


def _repeated(values: Sequence[object]) -> list[str]:
    return sorted({str(one) for one in values if values.count(one) > 1})


def _lengths(study: Study) -> Iterator[str]:
    """Name the lengths of clips and fronts that fit no movie on which networks are scored."""
    movies = {name: study.movies[name] for name in study.scored if name in study.movies}
    if not movies:
        return
    frames = {name: one.stimulus.frames if one.stimulus else 0 for name, one in movies.items()}
    scored = {name: frames[name] - one.skip_frames for name, one in movies.items()}
    clip, most = study.experiments.clip, max(frames.values())
    for length in clip.lengths:
        fits = [name for name in movies if 3 <= length <= scored[name]]
        if not fits:
            yield f"experiments.clip.lengths: {length} fits no movie; 3 to {max(scored.values())} are allowed"
        for name in fits:
            if clip.trials > (starts := scored[name] - length + 1):
                yield f"experiments.clip.trials: {clip.trials} different clips of {length} frames do not fit {name}; {starts} do"
    least = min(3 + one.skip_frames for one in movies.values())
    for length in study.experiments.front.lengths:
        if not least <= length <= most:
            yield f"experiments.front.lengths: {length} fits no movie; {least} to {most} are allowed"


def _windows(study: Study) -> Iterator[str]:
    """Name the windows that are longer than a movie that is shuffled, or that has frames replaced."""
    for experiment in get_args(Perturbation):
        for name in dict.fromkeys(movie for _, movie in study.perturbed(experiment)):
            stimulus = study.movies[name].stimulus
            frames = stimulus.frames if stimulus else 0
            for window in getattr(study.experiments, experiment).windows:
                if not 1 <= window <= frames:
                    key = f"experiments.{experiment}.windows"
                    yield f"{key}: {window} does not fit {name} ({frames} frames); 1 to {frames} are allowed"


def _doubled(study: Study) -> Iterator[str]:
    """Name the values that a list holds more than once."""
    experiments = study.experiments
    lists: dict[str, Sequence[object]] = {
        "areas": list(study.areas),
        "metrics": study.metrics,
        **{f"{key}.controls": [area.lower() for area in (*study.areas, *one.controls)] for key, one in _stimuli(study)},
        "experiments.clip.lengths": experiments.clip.lengths,
        "experiments.front.lengths": experiments.front.lengths,
        "experiments.shuffle.windows": experiments.shuffle.windows,
        "experiments.replace.windows": experiments.replace.windows,
        "experiments.replace.kinds": experiments.replace.kinds,
        **{f"experiments.{name}.metrics": one.metrics or [] for name, one in experiments if isinstance(one, Scored)},
    }
    for key, values in lists.items():
        yield from (f"{key}: {value} is given more than once" for value in _repeated(values))
    shown = {network: study.subjects[first].shown_as for network, (first, *_) in study.replicates.items()}
    for label in _repeated([*shown.values()]):
        names = " and ".join(name for name, one in shown.items() if one == label)
        yield f"subjects: {names} are both named '{label}' in figures; give each a `label` of its own"


def _without_data(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    for name, movie in study.movies.items():
        areas, asked = [*study.areas, *movie.controls], study.places(movie.controls)
        if isinstance(movie.recording, Arrays):
            yield from (
                f"areas: {area} has no file in movies.{name}.recording.files"
                for area in areas
                if not movie.recording.of_area(area, asked)
            )


def _other_counts(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    """Name the areas that a person's counts lack, and counts of another number of frames, or rate, than the stimulus'."""
    for name, movie in study.movies.items():
        if not isinstance(movie.recording, Counts) or not (path := locate(movie.recording.file, folders)).is_file():
            continue
        if read_recording.is_table(path) and movie.recording.rate_hz is None:
            yield f"movies.{name}.recording.rate_hz: is missing (a table does not hold the frame rate)"
            continue
        known, n_frames, rate_hz = read_recording.extent(path, movie.recording.model_dump())
        for area in (*study.areas, *movie.controls):
            if not places.inside(area, known, study.places(movie.controls)):
                yield f"areas: {area} has no data in movies.{name}.recording ({movie.recording.file}); it holds {', '.join(known)}"
        yield from _unlike(f"movies.{name}", movie, n_frames, rate_hz)


def _other_frames(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    """Name the tables of frame onsets that show another number of frames than the stimulus has, or at another rate."""
    for key, one in _stimuli(study):
        if not isinstance(one.recording, Spikes) or one.stimulus is None:
            continue
        frames = one.recording.frames
        if not (found := listed(frames.file, folders)) or not found[0].is_file():
            continue
        shown = spike_tables.presentations(frames.model_dump(), found[0], one.stimulus.frames)
        for rows in shown.values():
            repeats = (movie_repeats if isinstance(one, Movie) else scene_repeats)(rows)
            yield from _unlike(key, one, repeats.start.shape[1], repeats.rate_hz)
            break


def _unlike(key: str, shown: Movie | StillScenes, n_bins: int, recorded_hz: float) -> Iterator[str]:
    """Describe why a stimulus' frames cannot be a recording's bins."""
    if shown.stimulus is None:
        return
    n_frames = shown.stimulus.frames
    if n_bins != n_frames:
        yield f"{key}: the recording has {n_bins} bins, the stimulus {n_frames} frames; they must be the same"
    known = isinstance(shown, Movie) and not isinstance(shown.stimulus, Video)
    rate_hz = getattr(shown.stimulus, "rate_hz", None) if known else None
    if rate_hz is not None and abs(recorded_hz / rate_hz - 1) > 0.01:
        yield f"{key}: the recording has {recorded_hz:g} bins a second, the stimulus {rate_hz:g} frames; they must be the same"


def is_url(source: str) -> bool:
    """Whether a session is given by its address on a server, or by the id of a DANDI asset, not by a path."""
    return source.startswith(("https://", "http://", DANDI))


def address(source: str, archive: str = ARCHIVE) -> str | None:
    """Address of a session on a server; None of a path. An asset of DANDI is downloaded from `archive`."""
    if source.startswith(DANDI):
        return f"{archive}/assets/{source.removeprefix(DANDI)}/download/"
    return source if is_url(source) else None


def files_of(study: Study) -> Iterator[tuple[str, str]]:
    """List every file that the config names: its key, and the path as it is written there."""
    replaced = {movie for _, movie in study.perturbed("replace")}
    for key, one in _stimuli(study):
        if isinstance(one.stimulus, Video | Array | Tensor):
            yield f"{key}.stimulus.file", one.stimulus.file
        if isinstance(one.stimulus, Tensor) and key.rpartition(".")[2] in replaced:
            kinds = study.experiments.replace.kinds
            yield from ((f"{key}.stimulus.file, its noise movie", one.stimulus.noise_file(kind)) for kind in kinds)
        if isinstance(one.recording, Counts):
            yield f"{key}.recording.file", one.recording.file
        elif isinstance(one.recording, Spikes):
            for table, files in one.recording.files().items():
                yield from (
                    (f"{key}.recording.{table}.file", file) for file in ([files] if isinstance(files, str) else files)
                )
        elif isinstance(one.recording, Sessions):
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
        if isinstance(subject.checkpoint, Trained) and subject.checkpoint.pretrained:
            yield f"subjects.{name}.checkpoint.pretrained", subject.checkpoint.pretrained


def _norms(study: Study) -> Iterator[str]:
    for name, subject in study.subjects.items():
        movie = subject.checkpoint.norms if isinstance(subject.checkpoint, Initial) else None
        if movie is None:
            continue
        if (kind := study.record(name).feed(subject.training).kind) != "stateful":
            yield f"subjects.{name}.checkpoint.norms: only for networks that see a movie frame by frame, not '{kind}'"
        elif movie not in (known := [one for one in study.shown if one in study.movies]):
            hint = nearest(movie, known)
            yield f"subjects.{name}.checkpoint.norms: '{movie}' is no movie with a stimulus{hint}; there are {', '.join(known)}"


def _kept(study: Study) -> Iterator[str]:
    known = list(dict.fromkeys(layer for name in study.subjects for layer in study.layers(name)))
    for layer in study.features.keep if isinstance(study.features.keep, list) else []:
        if layer not in known:
            yield f"features.keep: '{layer}' is a scored layer of no subject{nearest(layer, known)}"


def _missing(study: Study, folders: tuple[Path, ...]) -> Iterator[str]:
    for key, file in files_of(study):
        if file not in study.assets and not any(one.is_file() for one in listed(file, folders)):
            yield f"{key}: no file {file} (looked in {_looked_in(folders)})"
    for key, one in _stimuli(study):
        if isinstance(one.stimulus, Images) and not locate(one.stimulus.folder, folders).is_dir():
            yield f"{key}.stimulus.folder: no folder {one.stimulus.folder} (looked in {_looked_in(folders)})"


def _looked_in(folders: tuple[Path, ...]) -> str:
    return ", ".join(dict.fromkeys(str(folder.resolve()) for folder in folders))


def listed(files: str | Sequence[str], folders: tuple[Path, ...] = (Path(),)) -> list[Path]:
    """Paths of files named in the config; a name with a star that is no file's stands for all that fit, in their order."""
    found = []
    for name in [files] if isinstance(files, str) else files:
        path = locate(name, folders)
        if "*" not in name or path.exists():
            found.append(path)
            continue
        roots = [Path(path.anchor)] if path.is_absolute() else folders
        pattern = str(path.relative_to(path.anchor))
        fitting = (sorted(one for one in root.glob(pattern) if not one.name.startswith(".")) for root in roots)
        found += next(filter(None, fitting), [])
    return found


def locate(file: str, folders: tuple[Path, ...] = (Path(),)) -> Path:
    """Path of a file named in the config: the first that exists below `folders`, else in the working directory.

    An absolute path, also one that begins with `~`, is itself.
    """
    path = Path(file).expanduser()
    return next((found for folder in folders if (found := folder / path).exists()), path)
