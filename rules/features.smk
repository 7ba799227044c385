# Passes of a subject over a movie: the products of every layer, and the features themselves where they are kept.


rule extract:
    input:
        own_module,
        weights="results/checkpoints/{subject}.pt",
        stimulus="results/stimuli/{movie}.h5",
    output:
        **FEATURES,
        gram="results/grams/{subject}/{movie}.h5",
    log:
        "results/logs/extract/{subject}/{movie}.log",
    benchmark:
        "results/benchmarks/extract/{subject}/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: study.compute.threads
    resources:
        mem_mb=study.compute.memory_mb + 1500,
        runtime=240,
        gpu=int(study.compute.device == "cuda"),
    params:
        subject=identity_of,
        layers=lambda wildcards: study.layers(wildcards.subject),
        keep=layers_kept,
        size=lambda wildcards: study.subjects[wildcards.subject].size,
        compute=plain(study.compute),
        code=lambda wildcards: code("extract.py", *network_modules(wildcards)),
    script:
        "../workflow_scripts/extract.py"


# Networks that carry state, or see clips: each trial is a pass of its own. Every layer's products are kept, so that
# nothing that changes on the cortical side, best layers included, ever repeats a pass.
rule perturbed:
    input:
        own_module,
        weights="results/checkpoints/{subject}.pt",
        stimulus="results/stimuli/{movie}.h5",
        noises=noises_of,
    output:
        "results/perturbed/{subject}/{movie}/{experiment}_{window}.h5",
    log:
        "results/logs/perturbed/{subject}/{movie}/{experiment}_{window}.log",
    benchmark:
        "results/benchmarks/perturbed/{subject}/{movie}/{experiment}_{window}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: study.compute.threads
    resources:
        mem_mb=study.compute.memory_mb + 1500,
        runtime=600,
        gpu=int(study.compute.device == "cuda"),
    params:
        subject=identity_of,
        layers=lambda wildcards: study.layers(wildcards.subject),
        size=lambda wildcards: study.subjects[wildcards.subject].size,
        trials=perturbed_of,
        compute=plain(study.compute),
        code=lambda wildcards: code("perturbed.py", *network_modules(wildcards)),
    script:
        "../workflow_scripts/perturbed.py"


# Networks that see each frame alone: one pass over the movie and each noise movie serves every replacement.
rule with_noise:
    input:
        own_module,
        weights="results/checkpoints/{subject}.pt",
        stimulus="results/stimuli/{movie}.h5",
        noises=noises_of,
    output:
        "results/perturbed/{subject}/{movie}/with_noise.h5",
    log:
        "results/logs/with_noise/{subject}/{movie}.log",
    benchmark:
        "results/benchmarks/with_noise/{subject}/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: study.compute.threads
    resources:
        mem_mb=study.compute.memory_mb + 1500,
        runtime=240,
        gpu=int(study.compute.device == "cuda"),
    params:
        subject=identity_of,
        layers=lambda wildcards: study.layers(wildcards.subject),
        size=lambda wildcards: study.subjects[wildcards.subject].size,
        kinds=study.experiments.replace.kinds,
        compute=plain(study.compute),
        code=lambda wildcards: code("with_noise.py", *network_modules(wildcards)),
    script:
        "../workflow_scripts/with_noise.py"
