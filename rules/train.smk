# One checkpoint a subject: trained here, the network's own initial weights, or a file that the user has.


rule weights:
    input:
        own_module,
        unpack(files_of_weights),
    output:
        "results/checkpoints/{subject}.pt",
    log:
        "results/logs/weights/{subject}.log",
    benchmark:
        "results/benchmarks/weights/{subject}.tsv"
    wildcard_constraints:
        subject=either(set(study.subjects) - set(TRAINED)),
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=10,
    params:
        subject=identity_of,
        source=source_of_weights,
        size=lambda wildcards: study.subjects[wildcards.subject].size,
        code=lambda wildcards: code("weights.py", *network_modules(wildcards)),
    script:
        "../workflow_scripts/weights.py"


rule train:
    input:
        photographs=PHOTOGRAPHS,
    output:
        weights="results/checkpoints/{subject}.pt",
        result="results/training/{subject}/result.csv",
        epochs="results/training/{subject}/epochs.csv",
    log:
        "results/logs/train/{subject}.log",
    benchmark:
        "results/benchmarks/train/{subject}.tsv"
    wildcard_constraints:
        subject=either(TRAINED),
    conda:
        "../envs/lorafb.yaml"
    threads: study.compute.threads
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=int(study.compute.device == "cuda"),
    params:
        subject=identity_of,
        source=source_of_weights,
        recipe=plain(study.recipes.motion),
        device=study.compute.device,
        threads=study.compute.threads,
        resume=lambda wildcards: f"results/training/{wildcards.subject}/resume",
        code=lambda wildcards: code("train.py", *network_modules(wildcards)),
    script:
        "../workflow_scripts/train.py"
