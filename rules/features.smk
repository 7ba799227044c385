# Passes of a subject over a movie: the Gram matrix of every layer, and the features themselves where they are kept.


rule extract:
    input:
        lambda w: plan.own_module(w.subject),
        weights="results/checkpoints/{subject}.pt",
        stimulus="results/stimuli/{movie}.h5",
        after=ancient(lambda w: plan.before_passes(w.movie)),
    output:
        **plan.features,
        gram="results/grams/{subject}/{movie}.h5",
    threads: study.compute.threads
    resources:
        mem_mb=plan.pass_mb,
        runtime=240,
        gpu=int(study.compute.device == "cuda"),
    params:
        subject=lambda w: plan.identity(w.subject, w.movie),
        layers=lambda w: study.layers(w.subject),
        keep=lambda w: plan.kept_layers(w.subject),
        size=lambda w: plan.size(w.subject),
        ranked=plan.ranked,
        compute=as_params(study.compute),
        code=lambda w: plan.network_code("extract.py", w.subject),
    script:
        "../workflow_scripts/extract.py"


# Networks that carry state, or see clips: each trial is a pass of its own. The Gram matrix of every layer stays, so that
# no change on the cortical side, best layers included, repeats a pass.
rule perturbed:
    input:
        lambda w: plan.own_module(w.subject),
        weights="results/checkpoints/{subject}.pt",
        stimulus="results/stimuli/{movie}.h5",
        after=ancient(lambda w: plan.before_passes(w.movie)),
        noises=lambda w: plan.noises(w.movie, w.experiment),
    output:
        "results/perturbed/{subject}/{movie}/{experiment}_{window}.h5",
    threads: study.compute.threads
    resources:
        mem_mb=plan.pass_mb,
        runtime=600,
        gpu=int(study.compute.device == "cuda"),
    params:
        subject=lambda w: plan.identity(w.subject, w.movie),
        layers=lambda w: study.layers(w.subject),
        size=lambda w: plan.size(w.subject),
        trials=lambda w: plan.trials(w.experiment),
        ranked=plan.ranked,
        compute=as_params(study.compute),
        code=lambda w: plan.network_code("perturbed.py", w.subject),
    script:
        "../workflow_scripts/perturbed.py"


# Networks that see each frame alone: one pass over the movie and each noise movie serves every replacement.
rule with_noise:
    input:
        lambda w: plan.own_module(w.subject),
        weights="results/checkpoints/{subject}.pt",
        stimulus="results/stimuli/{movie}.h5",
        after=ancient(lambda w: plan.before_passes(w.movie)),
        noises=lambda w: plan.noises(w.movie),
    output:
        "results/perturbed/{subject}/{movie}/with_noise.h5",
    threads: study.compute.threads
    resources:
        mem_mb=plan.pass_mb,
        runtime=240,
        gpu=int(study.compute.device == "cuda"),
    params:
        subject=lambda w: plan.identity(w.subject, w.movie),
        layers=lambda w: study.layers(w.subject),
        size=lambda w: plan.size(w.subject),
        kinds=study.experiments.replace.kinds,
        ranked=plan.ranked,
        compute=as_params(study.compute),
        code=lambda w: plan.network_code("with_noise.py", w.subject),
    script:
        "../workflow_scripts/with_noise.py"
