# Movies in, uint8 frames out; recordings in, counts out.


rule asset:
    output:
        update("{asset}"),  # a file put in by hand meanwhile is looked at, not deleted
    log:
        "results/logs/asset/{asset}.log",
    benchmark:
        "results/benchmarks/asset/{asset}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=600,
    params:
        code=code("asset.py"),
    script:
        "../workflow_scripts/asset.py"


rule stimulus:
    input:
        files_of_stimulus,
    output:
        "results/stimuli/{movie}.h5",
    log:
        "results/logs/stimulus/{movie}.log",
    benchmark:
        "results/benchmarks/stimulus/{movie}.tsv"
    wildcard_constraints:
        movie=either(set(study.stimuli) - PREPARED),
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        stimulus=stimulus_of,
        code=code("stimulus.py"),
    script:
        "../workflow_scripts/stimulus.py"


rule prepared_stimulus:
    input:
        files_of_stimulus,
    output:
        "results/stimuli/{movie}.h5",
    log:
        "results/logs/prepared_stimulus/{movie}.log",
    benchmark:
        "results/benchmarks/prepared_stimulus/{movie}.tsv"
    wildcard_constraints:
        movie=either(PREPARED),
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        stimulus=stimulus_of,
        code=code("prepared_stimulus.py"),
    script:
        "../workflow_scripts/prepared_stimulus.py"


rule noise:
    input:
        stimulus="results/stimuli/{movie}.h5",
        photographs=PHOTOGRAPHS,
    output:
        expand("results/noise/{{movie}}_{kind}.h5", kind=NOISE_KINDS),
    log:
        "results/logs/noise/{movie}.log",
    benchmark:
        "results/benchmarks/noise/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        kinds=NOISE_KINDS,
        seed=study.seed,
        code=code("noise.py"),
    script:
        "../workflow_scripts/noise.py"


rule simulate_session:
    input:
        stimulus="results/stimuli/{movie}.h5",
    output:
        session="results/sessions/{movie}/simulated_{session}.nwb",
        truth="results/truth/{movie}/simulated_{session}.h5",
    log:
        "results/logs/simulate_session/{movie}_{session}.log",
    benchmark:
        "results/benchmarks/simulate_session/{movie}_{session}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        mouse=mouse_of,
        areas=areas_of,
        code=code("simulate_session.py"),
    script:
        "../workflow_scripts/simulate_session.py"


rule count_spikes:
    input:
        session_of,
    output:
        counts="results/counts/{movie}/{session}.h5",
        report="results/counts/{movie}/{session}.csv",
    log:
        "results/logs/count_spikes/{movie}_{session}.log",
    benchmark:
        "results/benchmarks/count_spikes/{movie}_{session}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        address=address_of,
        presentations=presentations_of,
        order=order_of,
        n_frames=frames_of,
        areas=areas_of,
        quality=lambda wildcards: plain(study.stimuli[wildcards.movie].recording.quality),
        code=code("count_spikes.py"),
    script:
        "../workflow_scripts/count_spikes.py"


rule recording:
    input:
        files_of_recording,
    output:
        "results/recordings/{movie}/{area}.h5",
    log:
        "results/logs/recording/{movie}_{area}.log",
    benchmark:
        "results/benchmarks/recording/{movie}_{area}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        told=recording_of,
        order=order_of,
        code=code("recording.py"),
    script:
        "../workflow_scripts/recording.py"


rule units:
    input:
        recordings=recordings_of,
    output:
        "results/units/{movie}.csv",
    log:
        "results/logs/units/{movie}.log",
    benchmark:
        "results/benchmarks/units/{movie}.tsv"
    conda:
        "../envs/lorafb.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        units=units_of,
        code=code("units.py"),
    script:
        "../workflow_scripts/units.py"
