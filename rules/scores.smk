# Products of both sides in, tidy tables of scores out. No job here loads torch.


rule score_base:
    input:
        gram="results/grams/{subject}/{movie}.h5",
        recordings=lambda w: plan.recordings(w.movie),
    output:
        "results/scores/{subject}/{movie}/base.csv",
    wildcard_constraints:
        movie=one_of(study.movies),
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        labels=lambda w: plan.labels(w.subject),
        selection=lambda w: plan.selection(w.movie),
        metric=study.metric,
        ties=study.ties,
        regression=lambda w: plan.is_regressed(w.movie),
        clip=as_params(study.experiments.clip),
        front=as_params(study.experiments.front),
        chunk=lambda w: plan.chunk(w.subject),
        draws=study.draws,
        seed=study.seed,
        code=plan.code("score_base.py", *plan.metric_modules, *plan.regression_modules),
    script:
        "../workflow_scripts/score_base.py"


rule score_scenes:
    input:
        gram="results/grams/{subject}/{movie}.h5",
        recordings=lambda w: plan.recordings(w.movie),
    output:
        "results/scores/{subject}/{movie}/scenes.csv",
    wildcard_constraints:
        movie=one_of(study.scenes),
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        labels=lambda w: plan.labels(w.subject),
        selection=lambda w: plan.selection(w.movie),
        metric=study.metric,
        ties=study.ties,
        code=plan.code("score_scenes.py", *plan.metric_modules),
    script:
        "../workflow_scripts/score_scenes.py"


rule score_shuffle:
    input:
        passes=lambda w: plan.shuffled_passes(w.subject, w.movie),
        original=lambda w: plan.original_pass(w.subject, w.movie),
        base="results/scores/{subject}/{movie}/base.csv",
        recordings=lambda w: plan.recordings(w.movie),
    output:
        "results/scores/{subject}/{movie}/shuffle.csv",
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        labels=lambda w: plan.labels(w.subject),
        selection=lambda w: plan.selection(w.movie),
        metric=study.metric,
        ties=study.ties,
        feed=lambda w: plan.feed(w.subject).kind,
        windows=study.experiments.shuffle.windows,
        trials=study.experiments.shuffle.trials,
        draws=study.draws,
        seed=study.seed,
        code=plan.code("score_shuffle.py", *plan.metric_modules),
    script:
        "../workflow_scripts/score_shuffle.py"


rule score_replace:
    input:
        passes=lambda w: plan.replaced_passes(w.subject, w.movie),
        base="results/scores/{subject}/{movie}/base.csv",
        recordings=lambda w: plan.recordings(w.movie),
    output:
        "results/scores/{subject}/{movie}/replace.csv",
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        labels=lambda w: plan.labels(w.subject),
        selection=lambda w: plan.selection(w.movie),
        metric=study.metric,
        ties=study.ties,
        feed=lambda w: plan.feed(w.subject).kind,
        windows=study.experiments.replace.windows,
        trials=study.experiments.replace.trials,
        kinds=study.experiments.replace.kinds,
        draws=study.draws,
        seed=study.seed,
        code=plan.code("score_replace.py", *plan.metric_modules),
    script:
        "../workflow_scripts/score_replace.py"


rule ceiling:
    input:
        recordings=lambda w: plan.recordings(w.movie),
    output:
        "results/ceilings/{movie}.csv",
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        selection=lambda w: plan.selection(w.movie),
        ties=study.ties,
        splits=study.experiments.ceiling.splits,
        draws=study.draws,
        seed=study.seed,
        code=plan.code("ceiling.py"),
    script:
        "../workflow_scripts/ceiling.py"


rule area_similarity:
    input:
        recordings=lambda w: plan.recordings(w.movie),
        ceilings="results/ceilings/{movie}.csv",
    output:
        "results/area_similarity/{movie}.csv",
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        selection=lambda w: plan.selection(w.movie),
        metric=study.metric,
        ties=study.ties,
        code=plan.code("area_similarity.py", *plan.metric_modules),
    script:
        "../workflow_scripts/area_similarity.py"


# One job per movie over all subjects: networks are compared on the same draws of units and blocks of time.
rule statistics:
    input:
        grams=lambda w: plan.grams(w.movie),
        recordings=lambda w: plan.recordings(w.movie),
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
        selection=lambda w: plan.selection(w.movie),
        ties=study.ties,
        seed=study.seed,
        code=plan.code("statistics.py"),
    script:
        "../workflow_scripts/statistics.py"


rule psth:
    input:
        gram=lambda w: plan.of_role("lorafb_snet", f"results/grams/{{subject}}/{w.movie}.h5"),
        base=lambda w: plan.of_role("lorafb_snet", f"results/scores/{{subject}}/{w.movie}/base.csv"),
        recordings=lambda w: plan.recordings(w.movie),
    output:
        "results/psth/{movie}.csv",
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        selection=lambda w: plan.selection(w.movie),
        code=plan.code("psth.py"),
    script:
        "../workflow_scripts/psth.py"
