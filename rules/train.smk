# One checkpoint per subject: trained here, the network's own initial weights, or a file that the user has.


rule checkpoint:
    input:
        lambda w: plan.own_module(w.subject),
        unpack(lambda w: plan.checkpoint_files(w.subject)),
    output:
        "results/checkpoints/{subject}.pt",
    wildcard_constraints:
        subject=one_of(set(study.subjects) - set(plan.trained)),
    resources:
        mem_mb=3000,
        runtime=10,
    params:
        subject=lambda w: plan.identity(w.subject),
        source=lambda w: plan.checkpoint(w.subject),
        size=lambda w: plan.size(w.subject),
        code=lambda w: plan.network_code("checkpoint.py", w.subject),
    script:
        "../workflow_scripts/checkpoint.py"


# A training goes on from its side folder `resume`, which is no output: Snakemake would delete it with a failed job's outputs.
rule train:
    input:
        lambda w: plan.own_module(w.subject),
        unpack(lambda w: plan.training_files(w.subject)),
    output:
        weights="results/checkpoints/{subject}.pt",
        result="results/training/{subject}/result.csv",
        epochs="results/training/{subject}/epochs.csv",
    wildcard_constraints:
        subject=one_of(plan.trained),
    threads: (study.compute.threads + study.compute.workers) * plan.processes()
    resources:
        mem_mb=lambda w: plan.training_mb(w.subject),
        runtime=lambda w: plan.training_minutes(w.subject),
        stop_after_min=(study.compute.training_minutes or 0),
        gpu=plan.processes() if study.compute.device == "cuda" else 0,
    params:
        subject=lambda w: plan.identity(w.subject),
        source=lambda w: plan.checkpoint(w.subject),
        recipe=lambda w: plan.recipe(w.subject),
        set=lambda w: plan.training_set(w.subject),
        device=study.compute.device,
        threads=study.compute.threads,
        processes=plan.processes(),
        resume=lambda w: f"results/training/{w.subject}/resume",
        shown=lambda w: f"results/training/{w.subject}/tensorboard",
        code=lambda w: plan.network_code("train.py", w.subject),
    script:
        "../workflow_scripts/train.py"


rule training_curves:
    input:
        epochs="results/training/{subject}/epochs.csv",
        result="results/training/{subject}/result.csv",
        templates=display.templates("training_curves"),
    output:
        multiext("results/training/{subject}/curves", *ENDINGS["figures"]),
    wildcard_constraints:
        subject=one_of(plan.trained),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=lambda w: display.replicate_label(w.subject),
        code=plan.code("training_curves.py"),
    script:
        "../workflow_scripts/training_curves.py"


# Every file is opened once. What was counted stays in `counts.jsonl`, which is no output, so that a stopped count goes on.
rule training_set:
    output:
        report="results/training_sets/{set}.csv",
        files="results/training_sets/{set}/files.csv",
    threads: workflow.cores if workflow.cores else 1
    resources:
        mem_mb=2000,
        runtime=480,
    params:
        listed=lambda w: plan.listed(w.set),
        counts=lambda w: f"results/training_sets/{w.set}/counts.jsonl",
        code=plan.code("training_set.py"),
    script:
        "../workflow_scripts/training_set.py"


# Part `part` has the classes whose label leaves that remainder when divided by the number of parts.
rule video_frames:
    input:
        "results/training_sets/{set}/files.csv",
    output:
        "results/video_frames/{set}/{part}.csv",
    resources:
        mem_mb=1000,
        runtime=240,
    params:
        set=lambda w: plan.set_params(w.set),
        code=plan.code("video_frames.py"),
    script:
        "../workflow_scripts/video_frames.py"
