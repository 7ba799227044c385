# Parts of the study by name: `snakemake shuffle` makes the scores of the shuffled movie and what they need, no more.


rule checkpoints:
    input:
        expand("results/checkpoints/{subject}.pt", subject=study.subjects),


rule training_sets:
    input:
        training_sets(),


rule features:
    input:
        passes(),


rule scores:
    input:
        scores(),


rule ceilings:
    input:
        expand("results/ceilings/{movie}.csv", movie=study.recorded),


rule original:
    input:
        scores_of("base"),


rule clip:
    input:
        scores_of("base"),


rule front:
    input:
        scores_of("base"),


rule regression:
    input:
        scores_of("base"),


rule shuffle:
    input:
        scores_of("shuffle"),


rule replace:
    input:
        scores_of("replace"),


rule scenes:
    input:
        scores_of("scenes"),


rule figures:
    input:
        figure_files(),


rule tables:
    input:
        expand("results/tables/{table}{ending}", table=TABLES, ending=[".csv", ".md"]),


for made, names, endings in (("figures", FIGURES, FIGURE_FILES), ("tables", TABLES, [".csv", ".md"])):
    for name in names:

        rule:
            name:
                name
            input:
                multiext(f"results/{made}/{name}", *endings),
