# Which training-free proxy, driven by which search, finds the best network, at what cost, and how sure are we?
#
# Paths:  results/{study}/{stage}/{dataset}/{family or search}/{block}; downloads in resources/{dataset or archive}/
# A study is one file: config.yaml, or any other with `--configfile studies/nats-tss.yaml`. README.md says more.

from snakemake.utils import min_version

min_version("9.19")


container: "envs/tfnas.sif"  # used with --sdm apptainer only; envs/tfnas.def builds it


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/truth.smk"
include: "rules/hardware.smk"
include: "rules/scores.smk"
include: "rules/supernets.smk"
include: "rules/search.smk"
include: "rules/search_costs.smk"
include: "rules/summaries.smk"
include: "rules/exhibits.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        asked_report,


rule batches:
    input:
        STUDY.files("batches/{dataset}.json"),


rule truth:
    input:
        STUDY.files("truth/{dataset}.parquet"),


rule scores:
    input:
        STUDY.score_tables,


rule search:
    input:
        STUDY.file("summaries/search.csv"),
        STUDY.file("summaries/correlations.csv"),


rule tex:
    input:
        STUDY.file("report.tex"),
