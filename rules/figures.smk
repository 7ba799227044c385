# Tables of scores in; figures, each with its data and caption, and the report out.


rule figure_3a:
    input:
        scores=expand(
            "results/scores/{subject}/{movie}/base.csv",
            subject=study.subjects,
            movie=study.scored,
        ),
        ceilings=expand("results/ceilings/{movie}.csv", movie=study.scored),
    output:
        multiext("results/figures/figure_3a", *FIGURE_FILES),
    log:
        "results/logs/figures/figure_3a.log",
    benchmark:
        "results/benchmarks/figures/figure_3a.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        subjects=[subject for subject in study.subjects for movie in study.scored],
        labels={subject: label_of(subject) for subject in study.subjects},
        titles={movie: title_of(movie) for movie in study.scored},
        splits=study.experiments.ceiling.splits,
        note=" ".join(dict.fromkeys(nature_of(movie) for movie in study.scored)),
        code=code("figure_3a.py"),
    script:
        "../workflow_scripts/figure_3a.py"


rule figure_areas:
    input:
        similarities="results/areas/{movie}.csv",
    output:
        multiext("results/figures/areas/{movie}", *FIGURE_FILES),
    log:
        "results/logs/figures/areas/{movie}.log",
    benchmark:
        "results/benchmarks/figures/areas/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=lambda wildcards: title_of(wildcards.movie),
        splits=study.experiments.ceiling.splits,
        note=lambda wildcards: nature_of(wildcards.movie),
        code=code("figure_areas.py"),
    script:
        "../workflow_scripts/figure_areas.py"


rule figure_frames:
    input:
        gram="results/grams/{subject}/{movie}.h5",
        stimulus="results/stimuli/{movie}.h5",
    output:
        multiext("results/figures/frames/{subject}/{movie}", *FIGURE_FILES),
    log:
        "results/logs/figures/frames/{subject}/{movie}.log",
    benchmark:
        "results/benchmarks/figures/frames/{subject}/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        title=lambda wildcards: f"{label_of(wildcards.subject)}, {wildcards.movie}",
        code=code("figure_frames.py"),
    script:
        "../workflow_scripts/figure_frames.py"


rule report:
    input:
        figures=[f"{stem}{ending}" for stem in figures_of_study().values() for ending in FIGURE_FILES],
        trainings=expand("results/training/{subject}/result.csv", subject=TRAINED),
    output:
        "results/report.html",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        study=study.study,
        figures=figures_of_study(),
        trained=[label_of(subject) for subject in TRAINED],
        scored=bool(study.scored),
        notes=list(dict.fromkeys(nature_of(movie) for movie in study.recorded)),
        config=plain(study),
        code=code("report.py"),
    script:
        "../workflow_scripts/report.py"
