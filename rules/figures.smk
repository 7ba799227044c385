# Tables of scores in; figures and tables, each with its data and caption, and the report out.


rule figure:
    input:
        unpack(lambda wildcards: tables_of(wildcards.figure, _figures.FIGURES)),
    output:
        multiext("results/figures/{figure}", *FIGURE_FILES),
    log:
        "results/logs/figures/{figure}.log",
    benchmark:
        "results/benchmarks/figures/{figure}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        data=lambda wildcards: data_of(wildcards.figure, _figures.FIGURES),
        make=lambda wildcards: _figures.FIGURES[wildcards.figure].make,
        code=lambda wildcards: code("figure.py", _figures.FIGURES[wildcards.figure].make),
    script:
        "../workflow_scripts/figure.py"


rule table:
    input:
        unpack(lambda wildcards: tables_of(wildcards.table, _figures.TABLES)),
    output:
        multiext("results/tables/{table}", ".csv", ".md"),
    log:
        "results/logs/tables/{table}.log",
    benchmark:
        "results/benchmarks/tables/{table}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=lambda wildcards: _figures.TABLES[wildcards.table].title,
        data=lambda wildcards: data_of(wildcards.table, _figures.TABLES),
        make=lambda wildcards: _figures.TABLES[wildcards.table].make,
        code=lambda wildcards: code("table.py", _figures.TABLES[wildcards.table].make),
    script:
        "../workflow_scripts/table.py"


rule figure_areas:
    input:
        similarities="results/areas/{movie}.csv",
        templates=templates("areas"),
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
        metric=study.metric,
        note=lambda wildcards: nature_of(wildcards.movie),
        miniature=lambda wildcards: is_miniature([wildcards.movie]),
        simulated=lambda wildcards: is_simulated([wildcards.movie]),
        code=code("figure_areas.py"),
    script:
        "../workflow_scripts/figure_areas.py"


rule figure_frames:
    input:
        gram="results/grams/{subject}/{movie}.h5",
        stimulus="results/stimuli/{movie}.h5",
        templates=templates("frames"),
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
        figures=figure_files(),
        tables=expand("results/tables/{table}{ending}", table=TABLES, ending=[".csv", ".md"]),
        trainings=expand("results/training/{subject}/result.csv", subject=TRAINED),
        units=expand("results/units/{movie}.csv", movie=study.recorded),
        templates=templates(),
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
        metric=study.metric,
        figures={name: _figures.FIGURES[name].title for name in FIGURES},
        tables={name: _figures.TABLES[name].title for name in TABLES},
        linked={name: title for title, name in pictures().items()},
        movies={movie: title_of(movie) for movie in study.recorded},
        trained=[label_of(subject) for subject in TRAINED],
        notes=list(dict.fromkeys(nature_of(movie) for movie in study.recorded)),
        miniature=is_miniature(study.recorded),
        config=plain(study),
        code=code("report.py"),
    script:
        "../workflow_scripts/report.py"
