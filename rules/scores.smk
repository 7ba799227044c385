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
        clip=plain(study.experiments.clip),
        draws=study.draws,
        seed=study.seed,
        code=code("score.py", *METRIC_MODULES),
    script:
        "../workflow_scripts/score.py"


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
        runtime=30,
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
