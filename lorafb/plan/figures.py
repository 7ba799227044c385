"""Which figures and tables a study has the data for, what each is made from, and the targets that a person names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from lorafb.code import PACKAGE
from lorafb.config.experiments import Perturbation
from lorafb.config.movies import Allen, Published, Simulated
from lorafb.config.subjects import Initial
from lorafb.figures import catalogue
from lorafb.figures.catalogue import Record
from lorafb.plan.jobs import Plan

ENDINGS = {"figures": (".svg", ".png", ".csv", ".txt"), "tables": (".csv", ".md")}
"""Files of every figure and of every table."""
MICE = 32
"""Sessions of the paper's recordings."""
SOURCES = {
    "simulated": "The mice are SIMULATED: nothing here is a finding about a brain.",
    "allen": "Recordings: Allen Visual Coding Neuropixels sessions.",
    "nwb": "Recordings: spikes of NWB sessions.",
    "spikes": "Recordings: spikes, counted from tables of spike times and frame onsets.",
    "counts": "Recordings: spike counts, from a table.",
    "arrays": "Recordings: spike counts, from arrays.",
    "published": "Recordings: the published counts of Allen Visual Coding Neuropixels sessions.",
}
"""What a reader must know of a recording, by its kind."""
REAL = "Recordings: real values (such as dF/F or rates), and no spikes."


@dataclass(frozen=True)
class Display:
    """The figures, tables and targets of a study."""

    plan: Plan

    # ---------------------------------------------------------------- what there is

    @cached_property
    def experiments(self) -> set[tuple[str, str, str]]:
        """Experiment, role, and movie of the paper of everything that the study scores."""
        study = self.plan.study
        held = {("units", "", self._paper(movie)) for movie in study.recorded}
        for subject, movie in self.plan.scored:
            done = {"original"} if movie in study.movies else {"scenes"}
            if movie in study.movies:
                frames = (self.plan.n_frames(movie) or 0) - study.movies[movie].skip_frames
                done |= {"clip"} if any(length <= frames for length in study.experiments.clip.lengths) else set()
                fronts = study.experiments.front.lengths
                done |= {"front"} if any(length <= (self.plan.n_frames(movie) or 0) for length in fronts) else set()
                done |= {"regression", "psth"} if self.plan.is_regressed(movie) else set()
            done |= {"shuffle"} if (subject, movie) in self.plan.shuffled else set()
            if (subject, movie) in self.plan.replaced:
                done |= {f"replace {kind}" for kind in study.experiments.replace.kinds}
            held |= {(one, self._role(subject), self._paper(movie)) for one in done if self._is_scored(one)}
        return held

    def _is_scored(self, experiment: str) -> bool:
        """Whether figures can show an experiment: by the study's first metric, but for the regression."""
        name = experiment.partition(" ")[0]
        return name in ("regression", "psth") or self.plan.study.metrics[0] in self.plan.metrics(name)

    @cached_property
    def figures(self) -> dict[str, Record]:
        """Figures that the study has the data for."""
        return self._possible({**catalogue.FIGURES, **catalogue.OWN_FIGURES})

    @cached_property
    def tables(self) -> dict[str, Record]:
        """Tables that the study has the data for."""
        return self._possible({**catalogue.TABLES, **catalogue.OWN_TABLES})

    def _possible(self, records: Mapping[str, Record]) -> dict[str, Record]:
        return {name: one for name, one in records.items() if catalogue.possible(one, self.experiments)}

    def matrices(self) -> dict[str, str]:
        """Title of the figures of matrices that every study has, to their names."""
        study = self.plan.study
        movies = [movie for movie in study.recorded if movie in study.movies]
        areas = {f"Areas among themselves, {self.title(movie)}": f"areas/{movie}" for movie in movies}
        first = dict(reversed(study.passes))  # one movie per network is enough, and of the paper only its own network
        one_each = [subjects[0] for subjects in study.replicates.values()]
        seen = [one for one in one_each if one in first and self._role(one) in ("", "lorafb_snet")]
        frames = {
            f"Frame against frame: {self.replicate_label(one)}, {first[one]}": f"frames/{one}/{first[one]}"
            for one in seen
        }
        return areas | frames

    # ---------------------------------------------------------------- words

    def label(self, subject: str) -> str:
        """Name of a subject in figures."""
        return self.plan.study.subjects[subject].shown_as

    def replicate_label(self, subject: str) -> str:
        """Name of one set of weights: of a replicate, its own name follows the name in figures."""
        return self.label(subject) + (f", {subject}" if self.plan.replicate(subject) else "")

    def title(self, movie: str) -> str:
        """Heading of a movie's panel."""
        return f"{movie} (simulated mouse)" if self._is(Simulated, movie) else movie

    def source(self, movie: str) -> str:
        """Say what a reader must know of a movie's recording."""
        recording = self.plan.study.stimuli[movie].recording
        assert recording is not None, movie
        return REAL if self._is_real(movie) else SOURCES[recording.kind]

    def sources(self) -> list[str]:
        """List what a reader must know of the study's recordings and weights, each line once."""
        unmarked = [self.label(name) for name, one in self.plan.study.subjects.items() if one.unmarked]
        flags = [
            f"{label}: nothing in the file says that these are weights of a spiking network." for label in unmarked
        ]
        return list(dict.fromkeys(self.source(movie) for movie in self.plan.study.recorded)) + flags

    def is_miniature(self, movies: Sequence[str]) -> bool:
        """Whether the study represents the paper's, by a network or movie, and the recording of any movie is not the paper's."""
        study = self.plan.study
        represents = any(one.role for one in study.subjects.values()) or any(one.paper for one in study.movies.values())
        return represents and not all(self._is(Published, movie) or self._of_all_mice(movie) for movie in movies)

    def _of_all_mice(self, movie: str) -> bool:
        recording = self.plan.study.stimuli[movie].recording
        return isinstance(recording, Allen) and bool(self._paper(movie)) and len(recording.sessions) >= MICE

    def is_simulated(self, movies: Sequence[str]) -> bool:
        """Whether the recording of any movie is simulated."""
        return any(self._is(Simulated, movie) for movie in movies)

    def _paper(self, movie: str) -> str:
        """Movie of the paper that a movie stands for; "" where it stands for none."""
        study = self.plan.study
        return "scenes" if movie in study.scenes else study.movies[movie].paper or ""

    def _role(self, subject: str) -> str:
        return self.plan.study.subjects[subject].role or ""

    def _about(self, movie: str) -> dict[str, str]:
        real = {"response": "mean response"} if self._is_real(movie) else {}
        return {"title": self.title(movie), "paper": self._paper(movie), **real}

    def _is_real(self, movie: str) -> bool:
        """Whether a movie's responses are real values instead of spikes."""
        return movie in self.plan.study.movies and self.plan.study.movies[movie].real

    def _is(self, kind: type, movie: str) -> bool:
        return isinstance(self.plan.study.stimuli[movie].recording, kind)

    # ---------------------------------------------------------------- of one figure or table

    def record(self, name: str) -> Record:
        """Record of a figure or table of the study."""
        return self.figures[name] if name in self.figures else self.tables[name]

    def inputs(self, name: str) -> dict[str, list[str] | str]:
        """Files that a figure or table is made from, by table."""
        record = self.record(name)
        movies, networks = self._movies(record), self._networks(record)
        subjects = [one for network in networks for one in self.plan.study.replicates[network]]
        files: dict[str, list[str] | str] = {}
        for table in record.reads:
            if table in ("base", *get_args(Perturbation), "scenes"):
                pairs = {f"results/scores/{one}/{movie}/{table}.csv" for one in subjects for movie in movies}
                files[table] = [file for file in self.plan.scores(table) if file in pairs]
            elif table in ("statistics", "pairs"):
                ending = "_pairs" if table == "pairs" else ""
                compared = [movie for movie in movies if movie in self.plan.compared()]
                files[table] = [f"results/statistics/{movie}{ending}.csv" for movie in compared]
            else:
                files[table] = [f"results/{table}/{movie}.csv" for movie in movies]
        paper = self.plan.path(str(PACKAGE / "figures" / "paper.csv"))
        return {**files, "paper": paper, "templates": self.templates(*record.templates)}

    def templates(self, *names: str) -> list[str]:
        """Templates of captions, all where no name is given: an edit of one reruns what is made from it."""
        folder = PACKAGE / "figures" / "templates"
        files = [folder / f"{name}.txt" for name in names] or sorted(folder.glob("*.*"))
        return [self.plan.path(str(file)) for file in files]

    def data(self, name: str) -> dict[str, Any]:
        """Subjects and movies of a figure or table, and what its caption says of them: fields of `FigureData`."""
        record = self.record(name)
        movies = self._movies(record)
        subjects = {
            network: {
                "label": self.label(one),
                "role": self._role(one),
                "still": self.plan.sees_frames_alone(one),
                "replicates": self.plan.study.replicates[network],
                "network": self.plan.study.subjects[one].network,
                "untrained": self._is_untrained(one),
            }
            for network, one in self._networks(record).items()
        }
        controls = {area.lower() for movie in movies for area in self.plan.study.stimuli[movie].controls}
        return {
            "subjects": subjects,
            "movies": {movie: self._about(movie) for movie in movies},
            "roles": record.roles,
            "controls": tuple(sorted(controls)),
            "metrics": tuple(self.plan.study.metrics),
            "note": " ".join(dict.fromkeys(self.source(movie) for movie in movies)),
            "miniature": self.is_miniature(movies),
            "simulated": self.is_simulated(movies),
            "command": f"snakemake {name}",
        }

    def _movies(self, record: Record) -> list[str]:
        of_units = record.experiments == ("units",)
        movies = self.plan.study.recorded if of_units else self.plan.compared(scenes=True)
        return [movie for movie in movies if self._paper(movie) in record.movies]

    def _networks(self, record: Record) -> dict[str, str]:
        """Networks of a figure or table, and the first subject of each; the table of units has none."""
        if record.experiments == ("units",):
            return {}
        every = {network: subjects[0] for network, subjects in self.plan.study.replicates.items()}
        twins = "statistics" in record.reads  # the untrained twin stands beside the networks of the paper
        return {
            name: one
            for name, one in every.items()
            if not record.roles or self._role(one) in record.roles or (twins and self._is_untrained(one))
        }

    def _is_untrained(self, subject: str) -> bool:
        return isinstance(self.plan.study.subjects[subject].checkpoint, Initial)

    # ---------------------------------------------------------------- targets

    def figure_files(self) -> list[str]:
        """Every file of every figure."""
        names = [*self.figures, *self.matrices().values()]
        stems = [*(f"results/figures/{name}" for name in names), *self.curves().values()]
        return [f"{stem}{ending}" for stem in stems for ending in ENDINGS["figures"]]

    def inline(self) -> dict[str, str]:
        """Names of the figures in the report, to their titles: of matrices of frames the first alone, since they are heavy."""
        frames = [name for name in self.matrices().values() if name.startswith("frames/")]
        matrices = {name: title for title, name in self.matrices().items() if name not in frames[1:]}
        return {name: record.title for name, record in self.figures.items()} | matrices

    def linked(self) -> dict[str, str]:
        """Title of the figures that the report links to, to the stem of their files."""
        rest = {title: name for title, name in self.matrices().items() if name not in self.inline()}
        return {title: f"results/figures/{name}" for title, name in rest.items()} | self.curves()

    def curves(self) -> dict[str, str]:
        """Title of the picture of each training, to the stem of its files."""
        return {
            f"Training of {self.replicate_label(one)}": f"results/training/{one}/curves" for one in self.plan.trained
        }

    def table_files(self) -> list[str]:
        """Every file of every table."""
        return [f"results/tables/{name}{ending}" for name in self.tables for ending in ENDINGS["tables"]]

    def study_table(self) -> list[str]:
        """File with all scores of the study; none where nothing is recorded."""
        return ["results/study.csv.gz"] if self.plan.study.recorded else []

    def everything(self) -> list[str]:
        """Every file that the study promises: one that is missing is made again, even if the report is there."""
        return [
            *self.plan.artefacts(),
            *self.figure_files(),
            *self.table_files(),
            *self.study_table(),
            "results/report.html",
        ]

    def targets(self) -> dict[str, list[str]]:
        """Parts of the study by name: `snakemake shuffle` makes the scores of the shuffled movies and what they need."""
        plan, base = self.plan, self.plan.scores("base")
        parts = {
            "checkpoints": plan.checkpoints(),
            "training_sets": plan.training_sets(),
            "features": plan.passes(),
            "scores": plan.all_scores(),
            "ceilings": [f"results/ceilings/{movie}.csv" for movie in plan.study.recorded],
            **dict.fromkeys(("original", "clip", "front", "regression"), base),
            **{experiment: plan.scores(experiment) for experiment in (*get_args(Perturbation), "scenes")},
            "figures": self.figure_files(),
            "tables": self.table_files() + self.study_table(),
        }
        for folder, records in (("figures", self.figures), ("tables", self.tables)):
            parts |= {name: [f"results/{folder}/{name}{end}" for end in ENDINGS[folder]] for name in records}
        return parts
