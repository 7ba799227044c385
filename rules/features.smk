# One pass of a subject over a movie: the products of every layer, and the features themselves where they are kept.


rule extract:
    input:
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
        layers=lambda wildcards: study.subjects[wildcards.subject].scored,
        keep=layers_kept,
        size=lambda wildcards: study.subjects[wildcards.subject].size,
        compute=plain(study.compute),
        code=lambda wildcards: code("extract.py", *network_modules(wildcards)),
    script:
        "../workflow_scripts/extract.py"
