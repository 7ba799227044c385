# Gram matrices of both sides in, tidy tables of scores out. No job here loads torch.


rule select_units:
    input:
        "results/recordings/{movie}/{area}.h5",
    output:
        "results/responses/{movie}/{area}.h5",
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        selection=lambda w: study.stimuli[w.movie].selection,
        ties=study.ties,
        code=plan.code("select_units.py"),
    script:
        "../workflow_scripts/select_units.py"


rule score_base:
    input:
        plan.own_metrics,
        gram="results/grams/{subject}/{movie}.h5",
        responses=lambda w: plan.responses(w.movie),
    output:
        "results/scores/{subject}/{movie}/base.csv",
    wildcard_constraints:
        movie=one_of(study.movies),
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        labels=lambda w: plan.labels(w.subject),
        replicate=lambda w: plan.replicate(w.subject),
        metrics={experiment: plan.metrics(experiment) for experiment in ("original", "clip", "front")},
        ties=study.ties,
        clip=as_params(study.experiments.clip),
        front=as_params(study.experiments.front),
        feed=lambda w: plan.feed(w.subject).kind,
        chunk=lambda w: plan.chunk(w.subject),
        draws=study.draws,
        seed=study.seed,
        code=plan.metric_code("score_base.py", "original", "clip", "front"),
    script:
        "../workflow_scripts/score_base.py"


rule score_scenes:
    input:
        plan.own_metrics,
        gram="results/grams/{subject}/{movie}.h5",
        responses=lambda w: plan.responses(w.movie),
    output:
        "results/scores/{subject}/{movie}/scenes.csv",
    wildcard_constraints:
        movie=one_of(study.scenes),
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        labels=lambda w: plan.labels(w.subject),
        replicate=lambda w: plan.replicate(w.subject),
        metrics=plan.metrics("scenes"),
        ties=study.ties,
        code=plan.metric_code("score_scenes.py", "scenes"),
    script:
        "../workflow_scripts/score_scenes.py"


rule score_perturbed:
    input:
        plan.own_metrics,
        passes=lambda w: plan.perturbed_passes(w.subject, w.movie, w.experiment),
        base="results/scores/{subject}/{movie}/base.csv",
        responses=lambda w: plan.responses(w.movie),
    output:
        "results/scores/{subject}/{movie}/{experiment}.csv",
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        labels=lambda w: plan.labels(w.subject),
        replicate=lambda w: plan.replicate(w.subject),
        metrics=lambda w: plan.metrics(w.experiment),
        ties=study.ties,
        still=lambda w: plan.sees_frames_alone(w.subject),
        windows=lambda w: plan.windows(w.experiment),
        trials=lambda w: plan.trials(w.experiment),
        code=lambda w: plan.metric_code("score_perturbed.py", w.experiment),
    script:
        "../workflow_scripts/score_perturbed.py"


rule ceiling:
    input:
        responses=lambda w: plan.responses(w.movie),
    output:
        "results/ceilings/{movie}.csv",
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        ties=study.ties,
        splits=study.experiments.ceiling.splits,
        draws=study.draws,
        seed=study.seed,
        code=plan.code("ceiling.py"),
    script:
        "../workflow_scripts/ceiling.py"


rule areas:
    input:
        plan.own_metrics,
        responses=lambda w: plan.responses(w.movie),
        ceilings="results/ceilings/{movie}.csv",
    output:
        "results/areas/{movie}.csv",
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        metrics=plan.metrics("areas"),
        ties=study.ties,
        code=plan.metric_code("areas.py", "areas"),
    script:
        "../workflow_scripts/areas.py"


# One job per movie over all subjects: networks are compared on the same draws of units and blocks of time.
rule statistics:
    input:
        grams=lambda w: plan.grams(w.movie),
        responses=lambda w: plan.responses(w.movie),
        ceilings="results/ceilings/{movie}.csv",
        truths=lambda w: plan.truths(w.movie),
    output:
        scores="results/statistics/{movie}.csv",
        pairs="results/statistics/{movie}_pairs.csv",
    resources:
        mem_mb=6000,
        runtime=240,
    params:
        subjects=lambda w: plan.subjects_of(w.movie),
        controls=lambda w: study.stimuli[w.movie].controls,
        seed=study.seed,
        code=plan.code("statistics.py"),
    script:
        "../workflow_scripts/statistics.py"


rule psth:
    input:
        gram=lambda w: plan.of_role("lorafb_snet", f"results/grams/{{subject}}/{w.movie}.h5"),
        base=lambda w: plan.of_role("lorafb_snet", f"results/scores/{{subject}}/{w.movie}/base.csv"),
        responses=lambda w: plan.responses(w.movie),
    output:
        "results/psth/{movie}.csv",
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=plan.code("psth.py"),
    script:
        "../workflow_scripts/psth.py"


rule study_table:
    input:
        [path for path in plan.all_scores() if not path.startswith("results/units/")],
    output:
        "results/study.csv.gz",
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=plan.code("study_table.py"),
    script:
        "../workflow_scripts/study_table.py"
