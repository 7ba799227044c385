# What a study can show: its figures, tables and targets, and the files that each is made from.


def paper_of(movie: str) -> str:
    """Movie of the paper that a movie stands for; empty where it stands for none."""
    return "scenes" if movie in study.scenes else study.movies[movie].paper or ""


def role_of(subject: str) -> str:
    return study.subjects[subject].role or ""


def held() -> set[tuple[str, str, str]]:
    """Experiment, role and movie of the paper of everything that this study scores."""
    experiments = {("units", "", paper_of(movie)) for movie in study.recorded}
    for subject, movie in scored_passes():
        done = {"scenes"} if movie in study.scenes else {"original"}
        if movie in study.movies:
            frames = study.movies[movie].stimulus.frames - study.movies[movie].skip_frames
            fits = [one for one in study.experiments.clip.lengths if one <= frames]
            done |= ({"clip"} if fits else set()) | ({"regression", "psth"} if is_regressed(movie) else set())
        done |= {"shuffle"} if (subject, movie) in SHUFFLED else set()
        if (subject, movie) in REPLACED:  # black frames are scored, and stand in no figure of the paper
            done |= {f"replace {kind}" for kind in NOISE_KINDS if kind != "black"}
        experiments |= {(one, role_of(subject), paper_of(movie)) for one in done}
    return experiments


def possible(records: dict) -> list[str]:
    """Figures, or tables, that this study has the data for."""
    return [name for name, record in records.items() if _figures.possible(record, HELD)]


def movies_in(record) -> list[str]:
    """Movies that a figure or table shows."""
    movies = study.recorded if record.experiments == ("units",) else compared(scenes=True)
    return [movie for movie in movies if paper_of(movie) in record.movies]


def subjects_in(record) -> list[str]:
    """Subjects that a figure or table shows; the table of units shows none."""
    return (
        []
        if record.experiments == ("units",)
        else [one for one in study.subjects if not record.roles or role_of(one) in record.roles]
    )


def tables_of(name: str, records: dict) -> dict[str, list[str]]:
    """Files that a figure or table is made from."""
    record, files = records[name], {}
    movies, subjects = movies_in(record), subjects_in(record)
    for table in record.reads:
        if table in ("base", "shuffle", "replace", "scenes"):
            files[table] = [file for file in scores_of(table) if Path(file).parts[-2] in movies]
            files[table] = [file for file in files[table] if Path(file).parts[-3] in subjects]
        elif table in ("statistics", "pairs"):
            ending = "_pairs" if table == "pairs" else ""
            files[table] = [f"results/statistics/{movie}{ending}.csv" for movie in movies if movie in compared()]
        else:
            files[table] = [f"results/{table}/{movie}.csv" for movie in movies]
    paper = os.path.relpath(ROOT / "lorafb" / "figures" / "paper.csv")
    return {**files, "paper": paper, "templates": templates("caption", record.template)}


def templates(*names: str) -> list[str]:
    """Templates of captions, all of them where no name is given: an edit of one reruns what is made from it."""
    folder = ROOT / "lorafb" / "figures" / "templates"
    files = [folder / f"{name}.txt" for name in names] or sorted(folder.glob("*.*"))
    return [os.path.relpath(file) for file in files]


def data_of(name: str, records: dict) -> dict:
    """What a figure or table needs beside its tables: fields of `FigureData`."""
    record = records[name]
    movies = movies_in(record)
    controls = {area.lower() for movie in movies for area in study.stimuli[movie].controls}
    return {
        "subjects": {
            one: {"label": label_of(one), "role": role_of(one), "still": one in STILL} for one in subjects_in(record)
        },
        "movies": {movie: {"title": title_of(movie), "paper": paper_of(movie)} for movie in movies},
        "roles": record.roles,
        "controls": tuple(sorted(controls)),
        "metrics": (study.metric,),
        "note": " ".join(dict.fromkeys(nature_of(movie) for movie in movies)),
        "miniature": is_miniature(movies),
        "simulated": is_simulated(movies),
        "command": f"snakemake {name}",
    }


def is_miniature(movies: list[str]) -> bool:
    """Whether the recording of any movie is not the paper's."""
    return any(study.stimuli[movie].recording.kind != "published" for movie in movies)


def is_simulated(movies: list[str]) -> bool:
    """Whether the recording of any movie is simulated."""
    return any(study.stimuli[movie].recording.kind == "simulated" for movie in movies)


def pictures() -> dict[str, str]:
    """Title of the figures of matrices that every study has, to their names."""
    movies = [movie for movie in study.recorded if movie in study.movies]
    areas = {f"Areas among themselves, {title_of(movie)}": f"areas/{movie}" for movie in movies}
    first = dict(reversed(study.passes))  # one movie a network is enough to look at, and of the paper's one network
    seen = [one for one in study.subjects if one in first and role_of(one) in ("", "lorafb_snet")]
    return areas | {f"Frame against frame: {label_of(one)}, {first[one]}": f"frames/{one}/{first[one]}" for one in seen}


# ---------------------------------------------------------------- targets


def scored_passes() -> list[tuple[str, str]]:
    """Subject and movie of every pass that is scored."""
    return [(subject, movie) for subject, movie in study.passes if movie in study.scored]


def scores_of(experiment: str) -> list[str]:
    """Tables of scores of an experiment: base, shuffle, replace or scenes."""
    scored = scored_passes()
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
    cortex = [f"results/{table}/{movie}.csv" for movie in study.recorded for table in ("units", "ceilings")]
    cortex += [f"results/areas/{movie}.csv" for movie in study.recorded if movie in study.movies]
    statistics = [f"results/statistics/{movie}{of}.csv" for movie in compared() for of in ("", "_pairs")]
    return [*experiments, *cortex, *statistics]


def compared(scenes: bool = False) -> list[str]:
    """Movies (and scenes) on which at least one network is scored."""
    seen = {movie for _, movie in scored_passes()}
    return [movie for movie in study.scored if movie in seen and (scenes or movie in study.movies)]


def figure_files() -> list[str]:
    """Every file of every figure."""
    names = [*FIGURES, *pictures().values()]
    return [f"results/figures/{name}{ending}" for name in names for ending in FIGURE_FILES]


def training_sets() -> list[str]:
    """Reports on the training sets that a person has, and on the frames of UCF101's videos."""
    frames = [f"results/video_frames/{part}.csv" for part in range(VIDEO_PARTS) if "ucf101" in study.training_sets]
    return [*(f"results/training_sets/{name}.csv" for name in study.training_sets), *frames]


def everything() -> list[str]:
    """Every file that the study promises: one that is missing is made again, though the report stands."""
    return [
        *(f"results/stimuli/{movie}.h5" for movie in study.shown),
        *(f"results/noise/{movie}_{kind}.h5" for movie in {movie for _, movie in REPLACED} for kind in NOISE_KINDS),
        *(
            f"results/recordings/{movie}/{area}.h5"
            for movie in study.recorded
            for area in [*study.areas, *study.stimuli[movie].controls]
        ),
        *(f"results/checkpoints/{subject}.pt" for subject in study.subjects),
        *(f"results/training/{subject}/{table}.csv" for subject in TRAINED for table in ("result", "epochs")),
        *training_sets(),
        *passes(),
        *scores(),
        *figure_files(),
        *(f"results/tables/{name}{ending}" for name in TABLES for ending in (".csv", ".md")),
    ]


HELD = held()
FIGURES, TABLES = possible(_figures.FIGURES), possible(_figures.TABLES)


wildcard_constraints:
    figure=either(FIGURES),
    table=either(TABLES),
    movie=either(study.stimuli),
    experiment="shuffle|replace",
    window=r"\d+",
    subject=either(study.subjects),
    asset=either(map(re.escape, ASSETS)),
    area=either({*study.areas, *(area for one in study.stimuli.values() for area in one.controls)}),
    session=r"\d+",
    part=r"\d+",
    set="ucf101|imagenet",
