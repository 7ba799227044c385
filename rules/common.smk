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

_code.let_jobs_import()
FOLDERS = (Path.cwd(), ROOT)

try:
    study = _config.read(ROOT / "config.yaml", config, FOLDERS)
except InputError as error:
    raise WorkflowError(str(error)) from None

TRAINED = [name for name, subject in study.subjects.items() if subject.checkpoint.kind == "trained"]
METRIC_MODULES = metrics.find(study.metric).modules
FIGURE_FILES = [".svg", ".png", ".csv", ".txt"]
FEATURES = {} if study.features.keep == "none" else {"features": "results/features/{subject}/{movie}.h5"}
ASSETS = [
    file for file in study.assets if not _config.locate(file, FOLDERS).is_file()
]  # what a person has stays untouched
NATURE = {
    "simulated": "The mice are SIMULATED: nothing here is a finding about a brain.",
    "allen": "Recordings: Allen Visual Coding Neuropixels sessions.",
    "counts": "Recordings: real spike counts, from a table.",
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

# ---------------------------------------------------------------- movies


def stimulus_of(wildcards) -> dict:
    return plain(study.movies[wildcards.movie].stimulus)


def files_of_stimulus(wildcards) -> list[str]:
    stimulus = study.movies[wildcards.movie].stimulus
    return PHOTOGRAPHS if stimulus.kind == "camera" else [found(stimulus.file)]


def mouse_of(wildcards) -> dict:
    """What decides one simulated session, whatever their number and the unit filters."""
    recording = study.movies[wildcards.movie].recording
    return {"units": recording.units, "repeats": recording.repeats, "seed": recording.seed}


def session_of(wildcards) -> str:
    recording = study.movies[wildcards.movie].recording
    if recording.kind == "simulated":
        return f"results/sessions/{wildcards.movie}/simulated_{wildcards.session}.nwb"
    return found(recording.sessions[int(wildcards.session)])


def presentations_of(wildcards) -> str:
    """Name of the movie's table of presentations in its sessions."""
    recording = study.movies[wildcards.movie].recording
    return wildcards.movie if recording.kind == "simulated" else recording.presentations


def files_of_recording(wildcards) -> list[str]:
    recording = study.movies[wildcards.movie].recording
    if recording.kind == "counts":
        return [found(recording.file)]
    if recording.kind == "published":
        return [found(file) for file in recording.files([wildcards.area])]
    sessions = range(recording.sessions if recording.kind == "simulated" else len(recording.sessions))
    return [f"results/counts/{wildcards.movie}/{session}.h5" for session in sessions]


def recordings_of(wildcards) -> list[str]:
    return [f"results/recordings/{wildcards.movie}/{area}.h5" for area in study.areas]


def units_of(wildcards) -> dict:
    """What decides which units and frames of a recording are scored."""
    movie = study.movies[wildcards.movie]
    return {"min_rate": movie.min_rate, "skip_frames": movie.skip_frames}


def nature_of(movie: str) -> str:
    """What a reader must know of a movie's recording."""
    return NATURE[study.movies[movie].recording.kind]


def title_of(movie: str) -> str:
    """Heading of a movie's panel."""
    simulated = movie in study.recorded and study.movies[movie].recording.kind == "simulated"
    return f"{movie} (simulated mouse)" if simulated else movie


# ---------------------------------------------------------------- subjects


def identity_of(wildcards) -> dict:
    """What decides which network is built and how frames are shown to it."""
    told = study.subjects[wildcards.subject]
    record = catalogue.network(told.network)
    shown = {"build": record.build, "options": dict(record.options), "feed": vars(record.feed(told.training))}
    return {"network": told.network, "training": told.training, **shown}


def source_of_weights(wildcards) -> dict:
    return plain(study.subjects[wildcards.subject].checkpoint)


def files_of_weights(wildcards) -> dict[str, str]:
    given = study.subjects[wildcards.subject].checkpoint
    if given.kind == "file":
        return {"file": found(given.file)}
    return {"norms": f"results/stimuli/{given.norms}.h5"} if given.norms else {}


def network_modules(wildcards) -> list[str]:
    """Modules of the subject's network, which no script imports by name."""
    return [catalogue.network(study.subjects[wildcards.subject].network).build]


def layers_kept(wildcards) -> list[str]:
    """Layers whose features stay on disk."""
    keep, scored = study.features.keep, study.subjects[wildcards.subject].scored
    return scored if keep == "all" else [layer for layer in scored if layer in keep and keep != "none"]


def label_of(subject: str) -> str:
    """Name of a subject in figures."""
    return study.subjects[subject].shown_as


def labels_of(wildcards) -> dict:
    """Network and training set as tables name them."""
    told = study.subjects[wildcards.subject]
    return {"network": told.network, "training": "initial" if told.checkpoint.kind == "initial" else told.training}


# ---------------------------------------------------------------- figures


def figures_of_study() -> dict[str, str]:
    """Title to stem of every figure that this study has the data for."""
    figures = {"Figure 3A: networks against visual cortex": "results/figures/figure_3a"} if study.scored else {}
    for movie in study.recorded:
        figures[f"Areas among themselves, {title_of(movie)}"] = f"results/figures/areas/{movie}"
    for movie in study.shown:
        for subject in study.subjects:
            title = f"Frame against frame: {label_of(subject)}, {movie}"
            figures[title] = f"results/figures/frames/{subject}/{movie}"
    return figures


def everything() -> list[str]:
    """Every file that the study promises: one that is missing is made again, though the report stands."""
    scored = [f"{subject}/{movie}" for subject in study.subjects for movie in study.scored]
    passes = [f"{subject}/{movie}" for subject in study.subjects for movie in study.shown]
    return [
        *(f"results/stimuli/{movie}.h5" for movie in study.shown),
        *(f"results/recordings/{movie}/{area}.h5" for movie in study.recorded for area in study.areas),
        *(f"results/{table}/{movie}.csv" for movie in study.recorded for table in ("ceilings", "areas")),
        *(f"results/checkpoints/{subject}.pt" for subject in study.subjects),
        *(f"results/training/{subject}/{table}.csv" for subject in TRAINED for table in ("result", "epochs")),
        *(f"results/grams/{one}.h5" for one in passes),
        *(f"results/features/{one}.h5" for one in passes if FEATURES),
        *(f"results/scores/{one}/base.csv" for one in scored),
        *(f"{stem}{ending}" for stem in figures_of_study().values() for ending in FIGURE_FILES),
    ]


wildcard_constraints:
    movie=either(study.movies),
    subject=either(study.subjects),
    asset=either(map(re.escape, ASSETS)),
    area=either(study.areas),
    session=r"\d+",


onstart:
    if ASSETS:
        lines = [f"{file}: is not there yet. Get it from {study.assets[file]}" for file in ASSETS]
        raise WorkflowError("\n".join(["some files must be put in their places first:", *lines]))
    _config.write(study, Path("results/config.yaml"))


onsuccess:
    print("Done. results/README.md of the repository says what each file is; begin with results/report.html.")
