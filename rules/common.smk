# The config, checked before any job; the digest of the code behind a rule; what rules ask of the study.
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(str(workflow.current_basedir)).resolve().parent
sys.path.insert(0, str(ROOT))

from lorafb import code as _code
from lorafb import processes as _processes
from lorafb.commands import times as _times
from lorafb.config import reading as _config
from lorafb.fetch import registry as _registry
from lorafb.figures import catalogue as _figures
from lorafb.files import InputError, clear_abandoned
from lorafb.similarity import metrics
from lorafb.stimuli import images as _images

_processes.tell_jobs()
_processes.stop_jobs_on_interrupt()
shell.prefix(_processes.JOB_PREFIX)
FOLDERS = (Path.cwd(), ROOT)

try:
    study = _config.read(ROOT / "config.yaml", config, FOLDERS)
except InputError as error:
    raise WorkflowError(str(error)) from None

if copy := os.environ.get("LORAFB_CONFIG_COPY"):  # `lorafb cost` asks which study its arguments mean
    _config.write(study, Path(copy))

_code.let_jobs_import(*(FOLDERS if study.networks else ()))  # a network of one's own lies where its config does
TRAINED = [name for name, subject in study.subjects.items() if subject.checkpoint.kind == "trained"]
ROLES = {subject.role: name for name, subject in study.subjects.items() if subject.role}
SHUFFLED, REPLACED = study.perturbed("shuffle"), study.perturbed("replace")
STILL = [name for name, one in study.subjects.items() if study.record(name).feed(one.training).kind == "still"]
PREPARED = {name for name, one in study.stimuli.items() if one.stimulus and one.stimulus.kind == "tensor"}
VIDEO_PARTS = 20  # jobs that write UCF101's frames, each some of its classes
NOISE_KINDS = study.experiments.replace.kinds
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


def only_by_hand(file: str) -> str:
    """Where a person gets a file that no program can fetch; empty for those of the registry that one can."""
    if (known := _registry.split(file)) is None:
        return f"from {study.assets[file]}"
    return _registry.assets()[known[1]].by_hand


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
    if stimulus.kind == "images":
        return [found(str(path)) for path in _images.files(_config.locate(stimulus.folder, FOLDERS))]
    return [found(stimulus.file)]


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


def session_of(wildcards) -> list[str]:
    """File of a session; none of one that lies on a server."""
    recording = study.stimuli[wildcards.movie].recording
    if recording.kind == "simulated":
        return [f"results/sessions/{wildcards.movie}/simulated_{wildcards.session}.nwb"]
    return [] if address_of(wildcards) else [found(recording.sessions[int(wildcards.session)])]


def address_of(wildcards) -> str | None:
    """Address of a session that lies on a server."""
    recording = study.stimuli[wildcards.movie].recording
    session = "" if recording.kind == "simulated" else recording.sessions[int(wildcards.session)]
    return session if _config.is_url(session) else None


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
    if told["kind"] == "simulated":  # its `repeats` are those that the mouse saw
        return {"kind": "simulated"}
    return {key: told[key] for key in ("kind", "rate_hz", "axes", "repeats") if key in told}


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
    training, record = study.subjects[wildcards.subject].training, study.record(wildcards.subject)
    feed = record.feed(training, still=wildcards.get("movie") in study.scenes)
    return {"training": training, "network": record.as_params(training), "feed": vars(feed)}


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
    return is_regressed(wildcards.movie)


def is_regressed(name: str) -> bool:
    """Whether layers are regressed on units: 40 components take more scored frames than that."""
    movie = study.movies[name]
    return study.experiments.regression and movie.stimulus.frames - movie.skip_frames > 40


def perturbed_of(wildcards) -> dict:
    """How a movie is shuffled, or which of its frames are replaced by what."""
    experiment = getattr(study.experiments, wildcards.experiment)
    kinds = experiment.kinds if wildcards.experiment == "replace" else []
    return {"trials": experiment.trials, "kinds": kinds, "draws": study.draws, "seed": study.seed}


def noises_of(wildcards) -> list[str]:
    kinds = NOISE_KINDS if wildcards.get("experiment") != "shuffle" else []
    return [f"results/noise/{wildcards.movie}_{kind}.h5" for kind in kinds]


def subjects_that_see(movie: str) -> list[str]:
    return [subject for subject, seen in study.passes if seen == movie]


def grams_of(wildcards) -> dict[str, list[str]]:
    """Products of every subject that saw the movie."""
    return {
        "grams": [f"results/grams/{subject}/{wildcards.movie}.h5" for subject in subjects_that_see(wildcards.movie)]
    }


def passes_of_shuffle(wildcards) -> list[str]:
    """Files of the shuffled passes; a network that sees frames alone needs none."""
    windows = [] if wildcards.subject in STILL else study.experiments.shuffle.windows
    return [f"results/perturbed/{wildcards.subject}/{wildcards.movie}/shuffle_{window}.h5" for window in windows]


def original_of_still(wildcards) -> list[str]:
    """Products of the movie in its own order, which tell a network that sees frames alone all that a shuffle would."""
    return [f"results/grams/{wildcards.subject}/{wildcards.movie}.h5"] if wildcards.subject in STILL else []


def passes_of_replace(wildcards) -> list[str]:
    """Files of the passes with replaced frames; a network that sees frames alone needs one over movie and noise."""
    folder = f"results/perturbed/{wildcards.subject}/{wildcards.movie}"
    if wildcards.subject in STILL:
        return [f"{folder}/with_noise.h5"]
    return [f"{folder}/replace_{window}.h5" for window in study.experiments.replace.windows]


onstart:
    by_hand = {file: where for file in ASSETS if (where := only_by_hand(file))}
    if by_hand:
        lines = [f"{file}: is not there yet. Get it {where}" for file, where in by_hand.items()]
        raise WorkflowError("\n".join(["some files must be put in their places first:", *lines]))
    try:
        _processes.hold(Path.cwd())
    except InputError as error:
        sys.exit(str(error))  # one line, without Snakemake's frames
    clear_abandoned(Path("results"))
    _config.write(study, Path("results/config.yaml"))


onsuccess:
    _times.print_run(Path("results"), _processes.held_since(Path.cwd()))
    print("Done. results/README.md of the repository says what each file is; begin with results/report.html.")
