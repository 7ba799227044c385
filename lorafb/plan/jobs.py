"""What each rule reads and which params it gets: a study as jobs, without Snakemake.

Methods take a rule's wildcards as plain strings: `movie` names a movie or still scenes, `subject` a network with its
weights. They return paths relative to the working directory, and plain data for `params`.
"""

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from lorafb import code
from lorafb.config import reading
from lorafb.config.experiments import Perturbation
from lorafb.config.model import Study
from lorafb.config.movies import (
    Allen,
    Arrays,
    Camera,
    Counts,
    Images,
    Nwb,
    Published,
    Scenes,
    Sessions,
    Simulated,
    Spikes,
    Tensor,
    Video,
)
from lorafb.config.subjects import UNMARKED, Initial, Saved, Trained
from lorafb.fetch import registry
from lorafb.networks.catalogue import Feed
from lorafb.plan.braces import hide
from lorafb.similarity import metrics
from lorafb.stimuli import images

Params = dict[str, Any]


def as_params(model: BaseModel) -> Params:
    """Plain data of a part of the config."""
    return model.model_dump(mode="json")


@dataclass(frozen=True)
class Plan:
    """The jobs of a study.

    Attributes
    ----------
    study : Study
    root : Path
        The repository.
    folders : tuple of Path
        Where files of the config are looked for.
    """

    study: Study
    root: Path
    folders: tuple[Path, ...]

    # ---------------------------------------------------------------- files and code

    def code(self, script: str, *extra: str) -> str:
        """Digest of a script, of all it imports, and of the modules that the config chooses for it."""
        if (script, *extra) not in self._digests:
            self._digests[script, *extra] = code.digest(self.root / "workflow_scripts" / script, *extra)
        return self._digests[script, *extra]

    @cached_property
    def _digests(self) -> dict[tuple[str, ...], str]:
        return {}

    def network_code(self, script: str, subject: str) -> str:
        """Digest as `code`, with the module of the subject's network, which no script imports by name."""
        return self.code(script, self.study.record(subject).build)

    def metric_code(self, script: str, *experiments: str) -> str:
        """Digest as `code`, with the modules of the metrics of some experiments."""
        names = sorted({name for experiment in experiments for name in self.metrics(experiment)})
        return self.code(script, *(module for name in names for module in metrics.find(name).modules))

    def path(self, file: str) -> str:
        """Path of a file that the config names, as an input."""
        return hide(self._place(file))

    def _place(self, file: str) -> str:
        path = reading.locate(file, self.folders).absolute()
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)

    @cached_property
    def photographs(self) -> list[str]:
        """The photographs that ship with the repository."""
        return [self.path(f"data/photographs/{name}.jpg") for name in ("china", "flower")]

    @cached_property
    def missing_assets(self) -> list[str]:
        """Files to fetch: those that are in place already stay as they are."""
        return [file for file in self.study.assets if not reading.locate(file, self.folders).is_file()]

    def manual_downloads(self) -> list[str]:
        """One line for each missing file or folder that no program can fetch, with where a person gets it or which key names it."""
        lines = []
        for file in self.missing_assets:
            known = registry.split(file)
            where = registry.assets()[known[1]].by_hand if known else f"from {self.study.assets[file]}"
            lines += [f"{file}: is not there yet. Get it {where}"] if where else []
        folders = ((name, one.folder, self._place(one.folder)) for name, one in self.study.training_sets.items())
        lines += [
            f"training_sets.{name}.folder: no folder {folder} (looked for {place})"
            for name, folder, place in folders
            if not Path(place).is_dir()
        ]
        return lines

    # ---------------------------------------------------------------- movies and scenes

    @cached_property
    def prepared(self) -> set[str]:
        """Movies whose stimulus is a published tensor."""
        return {name for name, one in self.study.stimuli.items() if one.stimulus and one.stimulus.kind == "tensor"}

    @cached_property
    def all_areas(self) -> set[str]:
        """Areas of the study and controls of every movie."""
        return {*self.study.areas, *(area for one in self.study.stimuli.values() for area in one.controls)}

    def stimulus(self, movie: str) -> Params:
        """Config of a stimulus."""
        stimulus = self.study.stimuli[movie].stimulus
        assert stimulus is not None, movie
        return as_params(stimulus)

    def stimulus_files(self, movie: str) -> list[str]:
        """Files that a stimulus is made from."""
        stimulus = self.study.stimuli[movie].stimulus
        assert stimulus is not None, movie
        if isinstance(stimulus, Camera | Scenes):
            return self.photographs
        if isinstance(stimulus, Images):
            return [self.path(str(path)) for path in images.files(reading.locate(stimulus.folder, self.folders))]
        return [self.path(stimulus.file)]

    def noise_files(self, movie: str) -> list[str]:
        """Files of the noise movies of a published tensor."""
        stimulus = self.study.stimuli[movie].stimulus
        assert isinstance(stimulus, Tensor), movie
        return [self.path(stimulus.noise_file(kind)) for kind in self.study.experiments.replace.kinds]

    def n_frames(self, movie: str) -> int | None:
        """Frames of a movie, which its sessions must show; None where the config gives no stimulus."""
        stimulus = self.study.stimuli[movie].stimulus
        return None if stimulus is None else stimulus.frames

    def order(self, movie: str) -> str:
        """Whether frames are presented in their order ("movie"), or as still "scenes" in random order."""
        return "movie" if movie in self.study.movies else "scenes"

    # ---------------------------------------------------------------- recordings

    def mouse(self, movie: str) -> Params:
        """Select what decides one simulated session: neither their number nor the unit filters."""
        recording = self._recording(movie)
        assert isinstance(recording, Simulated), movie
        return {**recording.model_dump(include={"units", "repeats", "seed"}), "order": self.order(movie)}

    def session_file(self, movie: str, session: str) -> list[str]:
        """File of a session; none where it is on a server."""
        recording = self._recording(movie)
        if isinstance(recording, Simulated):
            return [f"results/sessions/{movie}/simulated_{session}.nwb"]
        assert isinstance(recording, Sessions), movie
        return [] if self.session_address(movie, session) else [self.path(recording.sessions[int(session)])]

    def session_address(self, movie: str, session: str) -> str | None:
        """Address of a session on a server."""
        recording = self._recording(movie)
        source = recording.sessions[int(session)] if isinstance(recording, Sessions) else ""
        return reading.address(source)

    def presentations(self, movie: str) -> str | list[str]:
        """Name of the movie's table of presentations in its sessions, or names of several."""
        recording = self._recording(movie)
        return recording.presentations if isinstance(recording, Allen | Nwb) else movie

    def counting(self, movie: str) -> Params:
        """How the tables of a movie's sessions are read: what `count_session` takes beside areas and quality."""
        recording = self._recording(movie)
        return recording.counting if isinstance(recording, Sessions) else {}

    def rate_hz(self, movie: str) -> float | None:
        """Frames a second of a movie's stimulus; None of scenes, and where the stimulus is not there yet."""
        stimulus = self.study.stimuli[movie].stimulus
        if stimulus is None or isinstance(stimulus, Scenes) or movie in self.study.scenes:
            return None
        if isinstance(stimulus, Video) and stimulus.rate_hz is None:
            from lorafb.stimuli import video  # the decoder takes a second to load

            path = reading.locate(stimulus.file, self.folders)
            return video.stated_rate(path) if path.is_file() else None
        return stimulus.rate_hz

    def places(self, movie: str) -> Any:
        """Areas and controls of a movie as its recording is searched for them."""
        return self.study.places(self.study.stimuli[movie].controls)

    def quality(self, movie: str) -> Params:
        """Quality that units of a movie's sessions must have."""
        recording = self._recording(movie)
        assert isinstance(recording, Simulated | Allen | Nwb), movie
        return as_params(recording.quality)

    def recording(self, movie: str) -> Params:
        """Select what decides how the recording of an area is put together."""
        recording = self._recording(movie)
        if isinstance(recording, Simulated | Spikes):  # their `repeats` are an input of the simulation, of the counting
            return {"kind": recording.kind}
        if isinstance(recording, Counts):
            return {key: value for key, value in as_params(recording).items() if key != "file"}
        chosen = ("kind", "rate_hz", "axes", "repeats", "values")
        return {key: value for key, value in as_params(recording).items() if key in chosen}

    @cached_property
    def of_tables(self) -> set[str]:
        """Movies and scenes whose spikes are counted from tables."""
        return {name for name, one in self.study.stimuli.items() if isinstance(one.recording, Spikes)}

    def tables(self, movie: str) -> Params:
        """How the spikes of a movie's tables are counted."""
        return as_params(self._recording(movie))

    def table_files(self, movie: str) -> dict[str, list[str]]:
        """Files of a movie's tables: `spikes`, `frames`, and where there is one `units`."""
        recording = self._recording(movie)
        assert isinstance(recording, Spikes), movie
        files = recording.files().items()
        return {name: [self.path(str(one)) for one in reading.listed(file, self.folders)] for name, file in files}

    def recording_files(self, movie: str, area: str) -> list[str]:
        """Files that the recording of an area is made from."""
        recording = self._recording(movie)
        if isinstance(recording, Counts):
            return [self.path(recording.file)]
        if isinstance(recording, Arrays):
            return [self.path(file) for file in recording.of_area(area, self.places(movie))]
        if isinstance(recording, Published):
            return [self.path(file) for file in recording.of_areas([area])]
        return [f"results/counts/{movie}/{session}.h5" for session in self._sessions(movie)]

    def areas(self, movie: str) -> list[str]:
        """Areas whose recordings of a movie are used, the controls last."""
        return [*self.study.areas, *self.study.stimuli[movie].controls]

    def recordings(self, movie: str) -> list[str]:
        """Files of a movie's recordings, one per area."""
        return [f"results/recordings/{movie}/{area}.h5" for area in self.areas(movie)]

    def before_passes(self, movie: str) -> list[str]:
        """Files that stand before a network is shown a movie: too few units are refused before hours of passes, not after."""
        return [f"results/units/{movie}.csv"] if movie in self.study.recorded else []

    def truths(self, movie: str) -> list[str]:
        """Files of the simulated mice's true rates; none of real ones."""
        if not isinstance(self._recording(movie), Simulated):
            return []
        return [f"results/truth/{movie}/simulated_{session}.h5" for session in self._sessions(movie)]

    def responses(self, movie: str) -> list[str]:
        """Files of the selected units' responses, one per area."""
        return [f"results/responses/{movie}/{area}.h5" for area in self.areas(movie)]

    def _recording(self, movie: str) -> Simulated | Allen | Nwb | Spikes | Counts | Arrays | Published:
        recording = self.study.stimuli[movie].recording
        assert recording is not None, movie
        return recording

    def _sessions(self, movie: str) -> range:
        recording = self._recording(movie)
        if isinstance(recording, Spikes):
            return range(1)  # all sessions of the tables in one file
        assert isinstance(recording, Simulated | Sessions), movie
        return range(recording.sessions if isinstance(recording, Simulated) else len(recording.sessions))

    # ---------------------------------------------------------------- subjects

    @cached_property
    def trained(self) -> list[str]:
        """Subjects whose weights are trained here."""
        return [name for name, one in self.study.subjects.items() if isinstance(one.checkpoint, Trained)]

    def silent_layers(self) -> list[str]:
        """Describe the trained networks of which a layer is silent, from the tables that the trainings have written."""
        lines = []
        for subject in self.trained:
            result = Path(f"results/training/{subject}/result.csv")
            if not result.is_file():  # a part of the study was asked for
                continue
            with result.open(newline="", encoding="utf-8") as file:
                quiet = next(csv.DictReader(file))["silent_layers"]
            lines += [f"{subject}: in some layers no unit is active on any test clip: {quiet}"] if quiet else []
        return lines

    def feed(self, subject: str, movie: str = "") -> Feed:
        """How a subject is shown a movie, or still scenes."""
        training = self.study.subjects[subject].training
        return self.study.record(subject).feed(training, still=movie in self.study.scenes)

    def sees_frames_alone(self, subject: str) -> bool:
        """Whether a network sees each frame of a movie alone: then no trial needs a pass of its own."""
        return self.feed(subject).kind == "still"

    def chunk(self, subject: str) -> int:
        """Frames that a subject sees together, apart from those before and after; 1 where it carries state."""
        feed = self.feed(subject)
        return feed.chunk if feed.kind == "clip" else 1

    def identity(self, subject: str, movie: str = "") -> Params:
        """Which network is built and how frames are shown to it."""
        training = self.study.subjects[subject].training
        record = self.study.record(subject).as_params(training)
        return {"training": training, "network": record, "feed": as_params(self.feed(subject, movie))}

    def size(self, subject: str) -> int:
        """Height and width of the frames that a subject is shown."""
        return self.study.size(subject)

    def checkpoint(self, subject: str) -> Params:
        """Where the weights come from; the recipe of a training is a param of its own, and its start an input."""
        source = self.study.subjects[subject].checkpoint
        return source.model_dump(include={"kind", "seed"}) if isinstance(source, Trained) else as_params(source)

    def checkpoint_files(self, subject: str) -> dict[str, str]:
        """Files that weights are read from: a checkpoint, or the movie whose statistics the norms take."""
        source = self.study.subjects[subject].checkpoint
        if isinstance(source, Saved):
            return {"file": self.path(source.file)}
        return {"norms": f"results/stimuli/{source.norms}.h5"} if isinstance(source, Initial) and source.norms else {}

    def recipe(self, subject: str) -> Params:
        """How a subject is trained."""
        return as_params(self.study.recipes.named[self.study.recipe_of(subject)])

    def training_set(self, subject: str) -> Params:
        """Where the files of a subject's training set are and how they are read; none for the embedded task."""
        name = self.study.set_of(self.study.subjects[subject].training)
        return self.set_params(name) if name in self.study.training_sets else {}

    def training_files(self, subject: str) -> dict[str, str | list[str]]:
        """Files that a training reads, beside those of its training set."""
        source = self.study.subjects[subject].checkpoint
        assert isinstance(source, Trained), subject
        files: dict[str, str | list[str]] = {"pretrained": self.path(source.pretrained)} if source.pretrained else {}
        name = self.study.set_of(self.study.subjects[subject].training)
        if name not in self.study.training_sets:
            return {**files, "photographs": self.photographs}
        return {**files, "index": f"results/training_sets/{name}/files.csv", "frames": self.frames_of(name)}

    def set_params(self, name: str) -> Params:
        """Select what decides which files of a training set are used and how they are read."""
        one = self.study.training_sets[name]
        params = as_params(one)
        written = one.read == "frames" and not one.images
        folder = self._place(one.folder)
        return {
            **params,
            "folder": folder,
            "frames": one.frames.replace("{set}", name) if written else None,
            "images": one.images,
        }

    def listed(self, name: str) -> Params:
        """Select what decides which files a training set has, for `lorafb.training.listing.report`."""
        one = self.study.training_sets[name]
        holds = "images" if one.images else "videos"
        chosen = one.model_dump(include={"kind", "folder", "split", "subset", "classes", "lists"})
        return {**chosen, "folder": self._place(one.folder), "holds": holds}

    def frames_of(self, name: str) -> list[str]:
        """List the reports on the frames of a training set's videos; none where no frames are written."""
        parts = range(self.study.training_sets[name].parts if self.set_params(name)["frames"] else 0)
        return [f"results/video_frames/{name}/{part}.csv" for part in parts]

    def processes(self) -> int:
        """Count the processes of a training: one a GPU."""
        return self.study.compute.gpus if self.study.compute.device == "cuda" else 1

    def training_mb(self, subject: str) -> int:
        """Memory of a training job, in MB: the embedded task is small; each worker holds some clips."""
        full = bool(self.training_set(subject))
        return 4000 + self.processes() * (12000 * full + 1000 * self.study.compute.workers)

    @property
    def pass_mb(self) -> int:
        """Memory of a job that shows a movie to a network: what it may hold, the libraries and the network."""
        return self.study.compute.memory_mb + 1500

    def training_minutes(self, subject: str) -> int:
        """Time of a training job: the limit in the config, or an hour for the embedded task and a week for others."""
        return self.study.compute.training_minutes or (60 if not self.training_set(subject) else 7 * 24 * 60)

    def own_module(self, subject: str) -> list[str]:
        """File of a person's own network: its content counts as the package's code does."""
        network = self.study.subjects[subject].network
        own = self.study.networks.get(network)
        target = own.build if own else network
        return [self.path(file) for file in reading.module_files(target, self.folders)]

    def kept_layers(self, subject: str) -> list[str]:
        """Layers whose features stay on disk."""
        keep = self.study.features.keep
        return [layer for layer in self.study.layers(subject) if keep == "all" or (keep != "none" and layer in keep)]

    @cached_property
    def features(self) -> dict[str, str]:
        """The output of an extraction that holds features; none where none are kept."""
        kept = self.study.features.keep != "none"
        return {"features": "results/features/{subject}/{movie}.h5"} if kept else {}

    def labels(self, subject: str) -> Params:
        """Network and training set as tables name them."""
        one = self.study.subjects[subject]
        training = "initial" if isinstance(one.checkpoint, Initial) else one.training + UNMARKED * one.unmarked
        return {"network": one.network, "training": training}

    def replicate(self, subject: str) -> Params:
        """Columns that tell the scores of replicates from one another; none of a subject that is no replicate."""
        network = self.study.subjects[subject].replicate_of
        return {"subject": network, "replicate": subject} if network else {}

    # ---------------------------------------------------------------- experiments

    @cached_property
    def shuffled(self) -> list[tuple[str, str]]:
        """Subject and movie of every pair that is shuffled."""
        return self.study.perturbed("shuffle")

    @cached_property
    def replaced(self) -> list[tuple[str, str]]:
        """Subject and movie of every pair with frames replaced by noise."""
        return self.study.perturbed("replace")

    @cached_property
    def scored(self) -> list[tuple[str, str]]:
        """Subject and movie (or scenes) of every pass that is scored."""
        return [(subject, movie) for subject, movie in self.study.passes if movie in self.study.scored]

    def compared(self, scenes: bool = False) -> list[str]:
        """Movies (and scenes) on which at least one network is scored."""
        seen = {movie for _, movie in self.scored}
        return [movie for movie in self.study.scored if movie in seen and (scenes or movie in self.study.movies)]

    def subjects_of(self, movie: str) -> list[str]:
        """Subjects that are shown a movie; of replicates the first, since statistics compare one set of weights a network."""
        first = {subjects[0] for subjects in self.study.replicates.values()}
        return [subject for subject, seen in self.study.passes if seen == movie and subject in first]

    def metrics(self, experiment: str) -> list[str]:
        """Names of the metrics of an experiment: original, clip, front, shuffle, replace, scenes or areas.

        Where the config names none, they are the study's; only the original movie is scored by those whose value depends
        on the number of frames.
        """
        if experiment == "original":
            return self.study.metrics
        settings = getattr(self.study.experiments, experiment, None)
        return (settings and settings.metrics) or self.study.partial_metrics

    @cached_property
    def ranked(self) -> bool:
        """Whether a metric needs Gram matrices of ranks over units too."""
        return any(metrics.find(name).ranked for name in self.study.metrics)

    @cached_property
    def own_metrics(self) -> list[str]:
        """Files of a person's own metrics: their content counts as the package's code does."""
        files = [file for name in self.study.metrics for file in reading.module_files(name, self.folders)]
        return [self.path(file) for file in dict.fromkeys(files)]

    def is_regressed(self, movie: str) -> bool:
        """Whether layers are regressed on units, which takes so many scored frames."""
        scored = (self.n_frames(movie) or 0) - self.study.movies[movie].skip_frames
        return "regression" in self.study.metrics and scored >= metrics.find("regression").fewest_frames

    def windows(self, experiment: str) -> list[int]:
        """Windows in which a movie is shuffled, or has frames replaced."""
        windows: list[int] = getattr(self.study.experiments, experiment).windows
        return windows

    def trials(self, experiment: str) -> Params:
        """How a movie is shuffled, or which of its frames are replaced by what, for `lorafb.trials.perturbed`."""
        settings = getattr(self.study.experiments, experiment)
        return {
            "trials": settings.trials,
            "kinds": getattr(settings, "kinds", []),
            "draws": self.study.draws,
            "seed": self.study.seed,
            "skip_frames": 0,  # left out when scored, so that no pass depends on it
        }

    def noises(self, movie: str, experiment: str = "replace") -> list[str]:
        """Noise movies that replace frames of a movie; a shuffle needs none."""
        kinds = getattr(getattr(self.study.experiments, experiment), "kinds", [])
        return [f"results/noise/{movie}_{kind}.h5" for kind in kinds]

    def grams(self, movie: str) -> list[str]:
        """Gram matrices of the subjects that are compared on a movie."""
        return [f"results/grams/{subject}/{movie}.h5" for subject in self.subjects_of(movie)]

    def perturbed_passes(self, subject: str, movie: str, experiment: str) -> list[str]:
        """List the passes that an experiment is scored from, one per window.

        A network that sees frames alone needs one file: the movie in order answers every shuffle, and one pass over movie
        and noise every replacement.
        """
        folder = f"results/perturbed/{subject}/{movie}"
        if not self.sees_frames_alone(subject):
            return [f"{folder}/{experiment}_{window}.h5" for window in self.windows(experiment)]
        return [f"{folder}/with_noise.h5" if self.noises(movie, experiment) else f"results/grams/{subject}/{movie}.h5"]

    def of_role(self, role: str, pattern: str) -> str:
        """Path of the subject that stands for a network of the paper; `pattern` holds {subject}."""
        subject = next(name for name, one in self.study.subjects.items() if one.role == role)
        return pattern.format(subject=subject)

    # ---------------------------------------------------------------- files by part of the study

    def scores(self, experiment: str) -> list[str]:
        """Tables of scores of an experiment: base, shuffle, replace or scenes."""
        pairs = {
            "base": [pair for pair in self.scored if pair[1] in self.study.movies],
            "scenes": [pair for pair in self.scored if pair[1] in self.study.scenes],
            **{perturbation: self.study.perturbed(perturbation) for perturbation in get_args(Perturbation)},
        }
        return [f"results/scores/{subject}/{movie}/{experiment}.csv" for subject, movie in pairs[experiment]]

    def all_scores(self) -> list[str]:
        """Every table of scores, ceilings and statistics."""
        recorded = self.study.recorded
        return [
            *(table for one in ("base", *get_args(Perturbation), "scenes") for table in self.scores(one)),
            *(f"results/{table}/{movie}.csv" for movie in recorded for table in ("units", "ceilings")),
            *(f"results/areas/{movie}.csv" for movie in recorded if movie in self.study.movies),
            *(f"results/statistics/{movie}{ending}.csv" for movie in self.compared() for ending in ("", "_pairs")),
        ]

    def passes(self) -> list[str]:
        """Gram matrices, and features where they are kept, of every pass over an original stimulus."""
        seen = [f"{subject}/{movie}.h5" for subject, movie in self.study.passes]
        return [f"results/{folder}/{one}" for folder in ("grams", *self.features) for one in seen]

    def checkpoints(self) -> list[str]:
        """Weights of every subject."""
        return [f"results/checkpoints/{subject}.pt" for subject in self.study.subjects]

    def training_sets(self) -> list[str]:
        """List the reports on a person's training sets, their tables of files, and the reports on frames of videos."""
        sets = list(self.study.training_sets)
        tables = [f"results/training_sets/{name}{table}.csv" for name in sets for table in ("", "/files")]
        return tables + [report for name in sets for report in self.frames_of(name)]

    def artefacts(self) -> list[str]:
        """Every file that the study promises before its figures: one that is missing is made again."""
        return [
            *(f"results/stimuli/{movie}.h5" for movie in self.study.shown),
            *(file for movie in dict.fromkeys(movie for _, movie in self.replaced) for file in self.noises(movie)),
            *(file for movie in self.study.recorded for file in self.recordings(movie) + self.responses(movie)),
            *self.checkpoints(),
            *(f"results/training/{one}/{table}.csv" for one in self.trained for table in ("result", "epochs")),
            *self.training_sets(),
            *self.passes(),
            *self.all_scores(),
        ]


def one_of(names: Iterable[str]) -> str:
    """Regular expression that matches these names alone, or nothing where there are none."""
    return "|".join(sorted(names)) or "(?!)"
