# Parts of the study by name, and what all rules have in common.

for target, files in display.targets().items():

    rule:
        name:
            target
        input:
            files,


# The environment of every job, its log and benchmark (results/logs/RULE/WILDCARDS.log, results/benchmarks/...), and more
# memory and time at each retry, for clusters that end a job at its limit.
environment = str(ROOT / "envs" / "lorafb.yaml").replace("{", "{{").replace("}", "}}")  # Snakemake formats the path
for one in workflow.rules:
    if one.script:
        for name in ("mem_mb", "runtime"):
            one.resources[name] = at_attempt(one.resources[name])
        wildcards = dict.fromkeys(re.findall(r"{\w+", str(one.output[0])))
        stem = Path(one.name, *(f"{wildcard}}}" for wildcard in wildcards))
        one.conda_env = environment
        one.log_modifier = one.benchmark_modifier = one.output_modifier
        one.set_log(f"results/logs/{stem}.log")
        one.benchmark = f"results/benchmarks/{stem}.tsv"
