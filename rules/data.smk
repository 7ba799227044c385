# Movies in, uint8 frames out; recordings in, counts out.


rule asset:
    output:
        update("{asset}"),  # a file that a person has put in its place meanwhile is checked, not deleted
    resources:
        mem_mb=500,
        runtime=600,
    params:
        code=plan.code("asset.py"),
    script:
        "../workflow_scripts/asset.py"


rule stimulus:
    input:
        lambda w: plan.stimulus_files(w.movie),
    output:
        "results/stimuli/{movie}.h5",
    wildcard_constraints:
        movie=one_of(set(study.stimuli) - plan.prepared),
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        stimulus=lambda w: plan.stimulus(w.movie),
        code=plan.code("stimulus.py"),
    script:
        "../workflow_scripts/stimulus.py"


rule prepared_stimulus:
    input:
        lambda w: plan.stimulus_files(w.movie),
    output:
        "results/stimuli/{movie}.h5",
    wildcard_constraints:
        movie=one_of(plan.prepared),
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        stimulus=lambda w: plan.stimulus(w.movie),
        code=plan.code("prepared_stimulus.py"),
    script:
        "../workflow_scripts/prepared_stimulus.py"


rule noise:
    input:
        stimulus="results/stimuli/{movie}.h5",
        photographs=plan.photographs,
    output:
        expand("results/noise/{{movie}}_{kind}.h5", kind=study.experiments.replace.kinds),
    wildcard_constraints:
        movie=one_of(set(study.stimuli) - plan.prepared),
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        kinds=study.experiments.replace.kinds,
        seed=study.seed,
        code=plan.code("noise.py"),
    script:
        "../workflow_scripts/noise.py"


rule prepared_noise:
    input:
        lambda w: plan.noise_files(w.movie),
    output:
        expand("results/noise/{{movie}}_{kind}.h5", kind=study.experiments.replace.kinds),
    wildcard_constraints:
        movie=one_of(plan.prepared),
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        stimulus=lambda w: plan.stimulus(w.movie),
        code=plan.code("prepared_stimulus.py"),
    script:
        "../workflow_scripts/prepared_stimulus.py"


rule simulate_session:
    input:
        stimulus="results/stimuli/{movie}.h5",
    output:
        session="results/sessions/{movie}/simulated_{session}.nwb",
        truth="results/truth/{movie}/simulated_{session}.h5",
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        mouse=lambda w: plan.mouse(w.movie),
        areas=lambda w: plan.areas(w.movie),
        code=plan.code("simulate_session.py"),
    script:
        "../workflow_scripts/simulate_session.py"


rule count_spikes:
    input:
        lambda w: plan.session_file(w.movie, w.session),
    output:
        counts="results/counts/{movie}/{session}.h5",
        report="results/counts/{movie}/{session}.csv",
    wildcard_constraints:
        movie=one_of(set(study.stimuli) - plan.of_tables),
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        address=lambda w: plan.session_address(w.movie, w.session),
        presentations=lambda w: plan.presentations(w.movie),
        order=lambda w: plan.order(w.movie),
        n_frames=lambda w: plan.n_frames(w.movie),
        rate_hz=lambda w: plan.rate_hz(w.movie),
        counting=lambda w: plan.counting(w.movie),
        areas=lambda w: plan.places(w.movie),
        quality=lambda w: plan.quality(w.movie),
        code=plan.code("count_spikes.py"),
    script:
        "../workflow_scripts/count_spikes.py"


rule count_tables:
    input:
        unpack(lambda w: plan.table_files(w.movie)),
    output:
        counts="results/counts/{movie}/{session}.h5",
        report="results/counts/{movie}/{session}.csv",
    wildcard_constraints:
        movie=one_of(plan.of_tables),
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=lambda w: plan.tables(w.movie),
        order=lambda w: plan.order(w.movie),
        n_frames=lambda w: plan.n_frames(w.movie),
        areas=lambda w: plan.places(w.movie),
        code=plan.code("count_tables.py"),
    script:
        "../workflow_scripts/count_tables.py"


rule recording:
    input:
        lambda w: plan.recording_files(w.movie, w.area),
    output:
        "results/recordings/{movie}/{area}.h5",
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        settings=lambda w: plan.recording(w.movie),
        order=lambda w: plan.order(w.movie),
        areas=lambda w: plan.places(w.movie),
        rate_hz=lambda w: plan.rate_hz(w.movie),
        code=plan.code("recording.py"),
    script:
        "../workflow_scripts/recording.py"


rule units:
    input:
        recordings=lambda w: plan.recordings(w.movie),
    output:
        "results/units/{movie}.csv",
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        selection=lambda w: study.stimuli[w.movie].selection,
        code=plan.code("units.py"),
    script:
        "../workflow_scripts/units.py"
