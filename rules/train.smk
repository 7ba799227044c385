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


rule train:
    input:
        lambda w: plan.own_module(w.subject),
        photographs=plan.photographs,
    output:
        weights="results/checkpoints/{subject}.pt",
        result="results/training/{subject}/result.csv",
        epochs="results/training/{subject}/epochs.csv",
    wildcard_constraints:
        subject=one_of(plan.trained),
    threads: study.compute.threads
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=int(study.compute.device == "cuda"),
    params:
        subject=lambda w: plan.identity(w.subject),
        source=lambda w: plan.checkpoint(w.subject),
        recipe=as_params(study.recipes.motion),
        device=study.compute.device,
        threads=study.compute.threads,
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


rule training_set:
    output:
        "results/training_sets/{set}.csv",
    resources:
        mem_mb=1000,
        runtime=120,
    params:
        folder=lambda w: study.training_sets[w.set].folder,
        subset=lambda w: study.training_sets[w.set].subset,
        code=plan.code("training_set.py"),
    script:
        "../workflow_scripts/training_set.py"


# Part `part` has the classes whose number leaves that remainder when divided by VIDEO_PARTS.
rule video_frames:
    input:
        "results/training_sets/ucf101.csv",
    output:
        "results/video_frames/{part}.csv",
    resources:
        mem_mb=1000,
        runtime=240,
    params:
        folder=lambda w: study.training_sets["ucf101"].folder,
        frames=lambda w: study.training_sets["ucf101"].frames,
        parts=VIDEO_PARTS,
        code=plan.code("video_frames.py"),
    script:
        "../workflow_scripts/video_frames.py"
