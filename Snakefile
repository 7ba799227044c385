from snakemake.utils import min_version

min_version("9.19")


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/features.smk"
include: "rules/scores.smk"
include: "rules/figures.smk"
include: "rules/targets.smk"


rule all:
    default_target: workflow.modifier.is_main_snakefile()
    input:
        display.everything(),
