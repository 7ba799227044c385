# Products of both sides in, tidy tables of scores out. No job here loads torch.


rule score:
    input:
        gram="results/grams/{subject}/{movie}.h5",
        recordings=recordings_of,
    output:
        "results/scores/{subject}/{movie}/base.csv",
    log:
        "results/logs/score/{subject}/{movie}.log",
    benchmark:
        "results/benchmarks/score/{subject}/{movie}.tsv"
    wildcard_constraints:
        movie=either(study.movies),
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        labels=labels_of,
        units=units_of,
        metric=study.metric,
        ties=study.ties,
        regression=regressed,
        clip=plain(study.experiments.clip),
        front=plain(study.experiments.front),
        chunk=chunk_of,
        draws=study.draws,
        seed=study.seed,
        code=code("score.py", *METRIC_MODULES, *metrics.find("regression").modules),
    script:
        "../workflow_scripts/score.py"


rule score_scenes:
    input:
        gram="results/grams/{subject}/{movie}.h5",
        recordings=recordings_of,
    output:
        "results/scores/{subject}/{movie}/scenes.csv",
    log:
        "results/logs/score_scenes/{subject}/{movie}.log",
    benchmark:
        "results/benchmarks/score_scenes/{subject}/{movie}.tsv"
    wildcard_constraints:
        movie=either(study.scenes),
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        labels=labels_of,
        units=units_of,
        metric=study.metric,
        ties=study.ties,
        code=code("score_scenes.py", *METRIC_MODULES),
    script:
        "../workflow_scripts/score_scenes.py"


rule score_shuffle:
    input:
        passes=passes_of_shuffle,
        original=original_of_still,
        base="results/scores/{subject}/{movie}/base.csv",
        recordings=recordings_of,
    output:
        "results/scores/{subject}/{movie}/shuffle.csv",
    log:
        "results/logs/score_shuffle/{subject}/{movie}.log",
    benchmark:
        "results/benchmarks/score_shuffle/{subject}/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        labels=labels_of,
        units=units_of,
        metric=study.metric,
        ties=study.ties,
        feed=feed_of,
        windows=study.experiments.shuffle.windows,
        trials=study.experiments.shuffle.trials,
        draws=study.draws,
        seed=study.seed,
        code=code("score_shuffle.py", *METRIC_MODULES),
    script:
        "../workflow_scripts/score_shuffle.py"


rule score_replace:
    input:
        passes=passes_of_replace,
        base="results/scores/{subject}/{movie}/base.csv",
        recordings=recordings_of,
    output:
        "results/scores/{subject}/{movie}/replace.csv",
    log:
        "results/logs/score_replace/{subject}/{movie}.log",
    benchmark:
        "results/benchmarks/score_replace/{subject}/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        labels=labels_of,
        units=units_of,
        metric=study.metric,
        ties=study.ties,
        feed=feed_of,
        windows=study.experiments.replace.windows,
        trials=study.experiments.replace.trials,
        kinds=study.experiments.replace.kinds,
        draws=study.draws,
        seed=study.seed,
        code=code("score_replace.py", *METRIC_MODULES),
    script:
        "../workflow_scripts/score_replace.py"


rule ceiling:
    input:
        recordings=recordings_of,
    output:
        "results/ceilings/{movie}.csv",
    log:
        "results/logs/ceiling/{movie}.log",
    benchmark:
        "results/benchmarks/ceiling/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        units=units_of,
        ties=study.ties,
        splits=study.experiments.ceiling.splits,
        draws=study.draws,
        seed=study.seed,
        code=code("ceiling.py"),
    script:
        "../workflow_scripts/ceiling.py"


rule areas:
    input:
        recordings=recordings_of,
        ceilings="results/ceilings/{movie}.csv",
    output:
        "results/areas/{movie}.csv",
    log:
        "results/logs/areas/{movie}.log",
    benchmark:
        "results/benchmarks/areas/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        units=units_of,
        metric=study.metric,
        ties=study.ties,
        code=code("areas.py", *METRIC_MODULES),
    script:
        "../workflow_scripts/areas.py"


# One job a movie over all subjects: networks are compared on the same draws of units and blocks of time.
rule statistics:
    input:
        unpack(grams_of),
        recordings=recordings_of,
        ceilings="results/ceilings/{movie}.csv",
        truths=truths_of,
    output:
        scores="results/statistics/{movie}.csv",
        pairs="results/statistics/{movie}_pairs.csv",
    log:
        "results/logs/statistics/{movie}.log",
    benchmark:
        "results/benchmarks/statistics/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=240,
    params:
        subjects=lambda wildcards: subjects_that_see(wildcards.movie),
        units=units_of,
        ties=study.ties,
        seed=study.seed,
        code=code("intervals.py"),
    script:
        "../workflow_scripts/intervals.py"


rule psth:
    input:
        gram=lambda wildcards: f"results/grams/{ROLES['lorafb_snet']}/{wildcards.movie}.h5",
        base=lambda wildcards: f"results/scores/{ROLES['lorafb_snet']}/{wildcards.movie}/base.csv",
        recordings=recordings_of,
    output:
        "results/psth/{movie}.csv",
    log:
        "results/logs/psth/{movie}.log",
    benchmark:
        "results/benchmarks/psth/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        units=units_of,
        code=code("psth.py"),
    script:
        "../workflow_scripts/psth.py"
