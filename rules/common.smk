# The config, checked before any job; the digest of the code behind a rule; what rules ask of the study.
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(str(workflow.current_basedir)).resolve().parent
sys.path.insert(0, str(ROOT))

from lorafb import code as _code
from lorafb.config import reading as _config
from lorafb.files import InputError
from lorafb.networks import catalogue
from lorafb.similarity import metrics

FOLDERS = (Path.cwd(), ROOT)

try:
    study = _config.read(ROOT / "config.yaml", config, FOLDERS)
except InputError as error:
    raise WorkflowError(str(error)) from None

_code.let_jobs_import(*(FOLDERS if study.networks else ()))  # a network of one's own lies where its config does
TRAINED = [name for name, subject in study.subjects.items() if subject.checkpoint.kind == "trained"]
ROLES = {subject.role: name for name, subject in study.subjects.items() if subject.role}
SHUFFLED, REPLACED = study.perturbed("shuffle"), study.perturbed("replace")
STILL = [name for name, one in study.subjects.items() if study.record(name).feed(one.training).kind == "still"]
NOISES = sorted({(movie, kind) for _, movie in REPLACED for kind in study.experiments.replace.kinds})
METRIC_MODULES = metrics.find(study.metric).modules
FIGURE_FILES = [".svg", ".png", ".csv", ".txt"]
FEATURES = {} if study.features.keep == "none" else {"features": "results/features/{subject}/{movie}.h5"}
ASSETS = [
    file for file in study.assets if not _config.locate(file, FOLDERS).is_file()
]  # what a person has stays untouched
NATURE = {
    "simulated": "The mice are SIMULATED: nothing here is a finding about a brain.",
    "allen": "Recordings: Allen Visual Coding Neuropixels sessions.",
    "counts": "Recordings: spike counts, from a table.",
    "arrays": "Recordings: spike counts, from arrays.",
    "published": "Recordings: the published counts of Allen Visual Coding Neuropixels sessions.",
}


def code(script: str, *extra: str) -> str:
    """Digest of a script, of all it imports, and of the modules that the config chooses for it."""
    return _code.digest(ROOT / "workflow_scripts" / script, *extra)


def found(file: str) -> str:
    """Path of a file that the config names."""
    path = _config.locate(file, FOLDERS)
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def plain(model) -> dict:
    """A part of the config as plain data, for `params`."""
    return model.model_dump(mode="json")


def either(names) -> str:
    """Regular expression that matches these names alone, or nothing where there are none."""
    return "|".join(sorted(names)) or "(?!)"


PHOTOGRAPHS = [found(f"data/photographs/{name}.jpg") for name in ("china", "flower")]

# ---------------------------------------------------------------- movies and scenes


def stimulus_of(wildcards) -> dict:
    return plain(study.stimuli[wildcards.movie].stimulus)


def files_of_stimulus(wildcards) -> list[str]:
    stimulus = study.stimuli[wildcards.movie].stimulus
    if stimulus.kind in ("camera", "scenes"):
        return PHOTOGRAPHS
    return [found(stimulus.folder if stimulus.kind == "images" else stimulus.file)]


def mouse_of(wildcards) -> dict:
    """What decides one simulated session, whatever their number and the unit filters."""
    recording = study.stimuli[wildcards.movie].recording
    mouse = {"units": recording.units, "repeats": recording.repeats, "seed": recording.seed}
    return mouse | {"order": order_of(wildcards)}


def order_of(wildcards) -> str:
    """Whether frames were shown in their order, or as still scenes in random order."""
    return "movie" if wildcards.movie in study.movies else "scenes"


def frames_of(wildcards) -> int | None:
    """Frames that a movie's sessions must show, where the config says them."""
    stimulus = study.stimuli[wildcards.movie].stimulus
    return None if stimulus is None else stimulus.frames


def session_of(wildcards) -> str:
    recording = study.stimuli[wildcards.movie].recording
    if recording.kind == "simulated":
        return f"results/sessions/{wildcards.movie}/simulated_{wildcards.session}.nwb"
    return found(recording.sessions[int(wildcards.session)])


def sessions_of(movie: str) -> range:
    recording = study.stimuli[movie].recording
    return range(recording.sessions if recording.kind == "simulated" else len(recording.sessions))


def presentations_of(wildcards) -> str:
    """Name of the movie's table of presentations in its sessions."""
    recording = study.stimuli[wildcards.movie].recording
    return wildcards.movie if recording.kind == "simulated" else recording.presentations


def files_of_recording(wildcards) -> list[str]:
    recording = study.stimuli[wildcards.movie].recording
    if recording.kind == "counts":
        return [found(recording.file)]
    if recording.kind == "arrays":
        return [found(recording.files[wildcards.area])]
    if recording.kind == "published":
        return [found(file) for file in recording.of_areas([wildcards.area])]
    return [f"results/counts/{wildcards.movie}/{session}.h5" for session in sessions_of(wildcards.movie)]


def recording_of(wildcards) -> dict:
    """What decides how an area's recording is put together."""
    told = plain(study.stimuli[wildcards.movie].recording)
    return {key: told[key] for key in ("kind", "rate_hz", "axes") if key in told}


def recordings_of(wildcards) -> list[str]:
    return [f"results/recordings/{wildcards.movie}/{area}.h5" for area in areas_of(wildcards)]


def areas_of(wildcards) -> list[str]:
    """Areas whose recordings of a movie are used, the controls last."""
    return [*study.areas, *study.stimuli[wildcards.movie].controls]


def truths_of(wildcards) -> list[str]:
    """True rates of the simulated mice; none of real ones."""
    if study.stimuli[wildcards.movie].recording.kind != "simulated":
        return []
    return [f"results/truth/{wildcards.movie}/simulated_{session}.h5" for session in sessions_of(wildcards.movie)]


def units_of(wildcards) -> dict:
    """What decides which units and frames of a recording are scored, and which areas are controls."""
    shown = study.stimuli[wildcards.movie]
    return {**shown.units, "controls": shown.controls}


def nature_of(movie: str) -> str:
    """What a reader must know of a movie's recording."""
    return NATURE[study.stimuli[movie].recording.kind]


def title_of(movie: str) -> str:
    """Heading of a movie's panel."""
    simulated = movie in study.recorded and study.stimuli[movie].recording.kind == "simulated"
    return f"{movie} (simulated mouse)" if simulated else movie


# ---------------------------------------------------------------- subjects


def identity_of(wildcards) -> dict:
    """What decides which network is built and how frames are shown to it."""
    told = study.subjects[wildcards.subject]
    return {"training": told.training, "network": study.record(wildcards.subject).plain(told.training)}


def still_of(wildcards) -> bool:
    """Whether the subject is shown unrelated scenes, not a movie."""
    return wildcards.movie in study.scenes


def source_of_weights(wildcards) -> dict:
    return plain(study.subjects[wildcards.subject].checkpoint)


def files_of_weights(wildcards) -> dict[str, str]:
    given = study.subjects[wildcards.subject].checkpoint
    if given.kind == "file":
        return {"file": found(given.file)}
    return {"norms": f"results/stimuli/{given.norms}.h5"} if given.norms else {}


def own_module(wildcards) -> list[str]:
    """File of a person's own network, whose content decides like the package's code does."""
    name = study.subjects[wildcards.subject].network
    return [found(file) for file in _config.module_files(study, name, FOLDERS)]


def network_modules(wildcards) -> list[str]:
    """Modules of the subject's network, which no script imports by name."""
    return [study.record(wildcards.subject).build]


def layers_kept(wildcards) -> list[str]:
    """Layers whose features stay on disk."""
    keep, scored = study.features.keep, study.layers(wildcards.subject)
    return scored if keep == "all" else [layer for layer in scored if layer in keep and keep != "none"]


def feed_of(wildcards) -> str:
    """How the subject is shown a movie: stateful, still or clip."""
    return study.record(wildcards.subject).feed(study.subjects[wildcards.subject].training).kind


def chunk_of(wildcards) -> int:
    """Frames that the subject sees together, with nothing of what comes before or after; 1 where it carries state."""
    feed = study.record(wildcards.subject).feed(study.subjects[wildcards.subject].training)
    return feed.chunk if feed.kind == "clip" else 1


def label_of(subject: str) -> str:
    """Name of a subject in figures."""
    return study.subjects[subject].shown_as


def labels_of(wildcards) -> dict:
    """Network and training set as tables name them."""
    told = study.subjects[wildcards.subject]
    return {"network": told.network, "training": "initial" if told.checkpoint.kind == "initial" else told.training}


# ---------------------------------------------------------------- experiments


def regressed(wildcards) -> bool:
    """Whether layers are regressed on units: 40 components take more scored frames than that."""
    movie = study.movies[wildcards.movie]
    return study.experiments.regression and movie.stimulus.frames - movie.skip_frames > 40


def perturbed_of(wildcards) -> dict:
    """How a movie is shuffled, or which of its frames are replaced by what."""
    experiment = getattr(study.experiments, wildcards.experiment)
    kinds = experiment.kinds if wildcards.experiment == "replace" else []
    return {"trials": experiment.trials, "kinds": kinds, "draws": study.draws, "seed": study.seed}


def noises_of(wildcards) -> list[str]:
    kinds = study.experiments.replace.kinds if wildcards.get("experiment") != "shuffle" else []
    return [f"results/noise/{wildcards.movie}_{kind}.h5" for kind in kinds]


def subjects_that_see(movie: str) -> list[str]:
    return [subject for subject, seen in study.passes if seen == movie]


def grams_of(wildcards) -> dict[str, list[str]]:
    """Products of every subject that saw the movie."""
    return {"grams": [f"results/grams/{subject}/{wildcards.movie}.h5" for subject in subjects_that_see(wildcards.movie)]}


def passes_of_shuffle(wildcards) -> list[str]:
    """Files of the shuffled passes; a network that sees frames alone needs none."""
    windows = [] if wildcards.subject in STILL else study.experiments.shuffle.windows
    return [f"results/perturbed/{wildcards.subject}/{wildcards.movie}/shuffle_{window}.h5" for window in windows]


def passes_of_replace(wildcards) -> list[str]:
    """Files of the passes with replaced frames; a network that sees frames alone needs one over movie and noise."""
    folder = f"results/perturbed/{wildcards.subject}/{wildcards.movie}"
    if wildcards.subject in STILL:
        return [f"{folder}/with_noise.h5"]
    return [f"{folder}/replace_{window}.h5" for window in study.experiments.replace.windows]


# ---------------------------------------------------------------- figures


def figures_of_study() -> dict[str, str]:
    """Title to stem of every figure that this study has the data for."""
    figures = {"Figure 3A: networks against visual cortex": "results/figures/figure_3a"} if study.scored else {}
    for movie in study.recorded:
        figures[f"Areas among themselves, {title_of(movie)}"] = f"results/figures/areas/{movie}"
    for subject, movie in study.passes:
        title = f"Frame against frame: {label_of(subject)}, {movie}"
        figures[title] = f"results/figures/frames/{subject}/{movie}"
    return figures


# ---------------------------------------------------------------- targets


def scores_of(experiment: str) -> list[str]:
    """Tables of scores of an experiment: base, shuffle, replace or scenes."""
    scored = [(subject, movie) for subject, movie in study.passes if movie in study.scored]
    pairs = {
        "base": [pair for pair in scored if pair[1] in study.movies],
        "scenes": [pair for pair in scored if pair[1] in study.scenes],
        "shuffle": SHUFFLED,
        "replace": REPLACED,
    }
    return [f"results/scores/{subject}/{movie}/{experiment}.csv" for subject, movie in pairs[experiment]]


def passes() -> list[str]:
    """Products, and features where they are kept, of every pass over an original stimulus."""
    seen = [f"{subject}/{movie}.h5" for subject, movie in study.passes]
    return [f"results/{kind}/{one}" for kind in ("grams", *FEATURES) for one in seen]


def scores() -> list[str]:
    """Every table of scores, ceilings and statistics."""
    experiments = [table for one in ("base", "shuffle", "replace", "scenes") for table in scores_of(one)]
    cortex = [f"results/{table}/{movie}.csv" for movie in study.recorded for table in ("units", "ceilings", "areas")]
    statistics = [f"results/statistics/{movie}{of}.csv" for movie in compared() for of in ("", "_pairs")]
    return [*experiments, *cortex, *statistics]


def compared() -> list[str]:
    """Movies on which at least one network is scored."""
    return [movie for movie in study.scored if movie in study.movies and subjects_that_see(movie)]


def everything() -> list[str]:
    """Every file that the study promises: one that is missing is made again, though the report stands."""
    return [
        *(f"results/stimuli/{movie}.h5" for movie in study.shown),
        *(f"results/noise/{movie}_{kind}.h5" for movie, kind in NOISES),
        *(
            f"results/recordings/{movie}/{area}.h5"
            for movie in study.recorded
            for area in [*study.areas, *study.stimuli[movie].controls]
        ),
        *(f"results/checkpoints/{subject}.pt" for subject in study.subjects),
        *(f"results/training/{subject}/{table}.csv" for subject in TRAINED for table in ("result", "epochs")),
        *passes(),
        *scores(),
        *(f"{stem}{ending}" for stem in figures_of_study().values() for ending in FIGURE_FILES),
    ]


wildcard_constraints:
    movie=either(study.stimuli),
    experiment="shuffle|replace",
    window=r"\d+",
    kind=either({kind for _, kind in NOISES}),
    subject=either(study.subjects),
    asset=either(map(re.escape, ASSETS)),
    area=either({*study.areas, *(area for one in study.stimuli.values() for area in one.controls)}),
    session=r"\d+",


onstart:
    if ASSETS:
        lines = [f"{file}: is not there yet. Get it from {study.assets[file]}" for file in ASSETS]
        raise WorkflowError("\n".join(["some files must be put in their places first:", *lines]))
    _config.write(study, Path("results/config.yaml"))


onsuccess:
    print("Done. results/README.md of the repository says what each file is; begin with results/report.html.")
