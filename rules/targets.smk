# Parts of the study by name, and what all rules have in common.

for target, files in display.targets().items():

    rule:
        name:
            target
        input:
            files,


# Rules of which jobs share a submission to a cluster, where the profile says how many (`group-components`): jobs of seconds,
# and none that may use a GPU, since a group asks for the GPUs of all its jobs.
GROUPS = {
    "stimuli": "stimulus prepared_stimulus noise prepared_noise",
    "sessions": "simulate_session count_spikes count_tables",
    "responses": "recording select_units units",
    "ceilings": "ceiling areas",
    "scores": "score_base score_scenes score_perturbed",
    "figures": "figure figure_areas figure_frames table psth report study_table training_curves",
}


def shared(group):
    """The group of a rule; none on one machine, where the dry run would show groups too."""
    return lambda wildcards: group if workflow.group_settings.group_components else None


workflow.localrules(rules.asset.rule.name)  # nodes of a cluster often have no network

# The environment of every job, its log and benchmark (results/logs/RULE/WILDCARDS.log, results/benchmarks/...), and more
# memory and time at each retry, for clusters that end a job at its limit.
environment = str(ROOT / "envs" / "lorafb.yaml").replace("{", "{{").replace("}", "}}")  # Snakemake formats the path
for rule_name, one in (
    (name, proxy.rule) for name, proxy in rules._rules.items()
):  # in a module, `one.name` has a prefix
    if one.script:
        for group, members in GROUPS.items():
            if rule_name in members.split():
                one.group = shared(group)
        for name in ("mem_mb", "runtime"):
            one.resources[name] = at_attempt(one.resources[name])
        wildcards = dict.fromkeys(re.findall(r"{\w+", str(one.output[0])))
        stem = Path(rule_name, *(f"{wildcard}}}" for wildcard in wildcards))
        one.conda_env = environment
        one.log_modifier = one.benchmark_modifier = one.output_modifier
        one.set_log(f"results/logs/{stem}.log")
        one.benchmark = f"results/benchmarks/{stem}.tsv"
