# Tables of scores in; figures and tables, each with its data and caption, and the report out.


rule figure:
    input:
        unpack(lambda w: display.inputs(w.figure)),
    output:
        multiext("results/figures/{figure}", *ENDINGS["figures"]),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        data=lambda w: display.data(w.figure),
        make=lambda w: display.figures[w.figure].make,
        code=lambda w: plan.code("figure.py", display.figures[w.figure].make),
    script:
        "../workflow_scripts/figure.py"


rule table:
    input:
        unpack(lambda w: display.inputs(w.table)),
    output:
        multiext("results/tables/{table}", *ENDINGS["tables"]),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=lambda w: display.tables[w.table].title,
        data=lambda w: display.data(w.table),
        make=lambda w: display.tables[w.table].make,
        code=lambda w: plan.code("table.py", display.tables[w.table].make),
    script:
        "../workflow_scripts/table.py"


rule figure_areas:
    input:
        similarities="results/areas/{movie}.csv",
        templates=display.templates("areas"),
    output:
        multiext("results/figures/areas/{movie}", *ENDINGS["figures"]),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=lambda w: display.title(w.movie),
        splits=study.experiments.ceiling.splits,
        metric=plan.metrics("areas")[0],
        note=lambda w: display.source(w.movie),
        miniature=lambda w: display.is_miniature([w.movie]),
        simulated=lambda w: display.is_simulated([w.movie]),
        code=plan.code("figure_areas.py"),
    script:
        "../workflow_scripts/figure_areas.py"


rule figure_frames:
    input:
        gram="results/grams/{subject}/{movie}.h5",
        stimulus="results/stimuli/{movie}.h5",
        responses=lambda w: plan.responses(w.movie) if w.movie in study.recorded else [],
        templates=display.templates("frames"),
    output:
        multiext("results/figures/frames/{subject}/{movie}", *ENDINGS["figures"]),
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        title=lambda w: f"{display.replicate_label(w.subject)}, {w.movie}",
        miniature=lambda w: display.is_miniature([w.movie]),
        simulated=lambda w: w.movie in study.recorded and display.is_simulated([w.movie]),
        code=plan.code("figure_frames.py"),
    script:
        "../workflow_scripts/figure_frames.py"


rule report:
    input:
        figures=display.figure_files(),
        tables=display.table_files(),
        trainings=expand("results/training/{subject}/result.csv", subject=plan.trained),
        units=expand("results/units/{movie}.csv", movie=study.recorded),
        templates=display.templates(),
    output:
        "results/report.html",
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        study=study.study,
        metric=study.metrics[0],
        figures=display.inline(),
        tables={name: record.title for name, record in display.tables.items()},
        linked=display.linked(),
        movies={movie: display.title(movie) for movie in study.recorded},
        trained=[display.replicate_label(subject) for subject in plan.trained],
        notes=display.sources(),
        miniature=display.is_miniature(study.recorded),
        simulated=display.is_simulated(study.recorded),
        config=as_params(study),
        code=plan.code("report.py"),
    script:
        "../workflow_scripts/report.py"
