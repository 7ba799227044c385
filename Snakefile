from snakemake.utils import min_version

min_version("9.19")


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/features.smk"
include: "rules/scores.smk"
include: "rules/figures.smk"
include: "rules/targets.smk"


localrules:
    asset,  # nodes of a cluster often have no network


rule all:
    default_target: True
    input:
        display.everything(),
