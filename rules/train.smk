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
        own_module,
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


rule training_set:
    output:
        "results/training_sets/{set}.csv",
    log:
        "results/logs/training_set/{set}.log",
    benchmark:
        "results/benchmarks/training_set/{set}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=120,
    params:
        folder=lambda wildcards: study.training_sets[wildcards.set].folder,
        subset=lambda wildcards: study.training_sets[wildcards.set].subset,
        code=code("training_set.py"),
    script:
        "../workflow_scripts/training_set.py"


# Classes whose number leaves `part` when divided by VIDEO_PARTS: wildcards come from no file.
rule video_frames:
    input:
        "results/training_sets/ucf101.csv",
    output:
        "results/video_frames/{part}.csv",
    log:
        "results/logs/video_frames/{part}.log",
    benchmark:
        "results/benchmarks/video_frames/{part}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=240,
    params:
        folder=lambda wildcards: study.training_sets["ucf101"].folder,
        frames=lambda wildcards: study.training_sets["ucf101"].frames,
        parts=VIDEO_PARTS,
        code=code("video_frames.py"),
    script:
        "../workflow_scripts/video_frames.py"
