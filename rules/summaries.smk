"""Summaries: the tables that exhibits read, one file each in src/tfnas/analysis; and what made the study.

REQUIRED INPUTS: what each names under `needs`: runs, score tables, ground truth, other summaries of results/{study}/.
OUTPUTS: results/{study}/summaries/*.csv with their facts in .json; run_config.yaml and provenance.json.
"""

for SUMMARY in STUDY.summary_specs:

    rule:
        name:
            SUMMARY.rule
        input:
            **inputs(SUMMARY, STUDY),
            lib=sources("make_summary", source_of(SUMMARY.module), *called(SUMMARY)),
        output:
            **shown(SUMMARY),
        log:
            f"{STUDY.folder}/logs/{SUMMARY.job}.log",
        benchmark:
            f"{STUDY.folder}/benchmarks/{SUMMARY.job}.tsv"
        localrule: SUMMARY.local
        params:
            **parameters(SUMMARY, STUDY),
        message:
            SUMMARY.message
        script:
            "../workflow/scripts/make_summary.py"


rule write_run_config:
    input:
        lib=sources("write_run_config"),
    output:
        "results/{study}/run_config.yaml",
    log:
        "results/{study}/logs/write_run_config.log",
    benchmark:
        "results/{study}/benchmarks/write_run_config.tsv"
    localrule: True
    params:
        config=config,
    message:
        "Writing the study file as it was run"
    script:
        "../workflow/scripts/write_run_config.py"


rule write_provenance:
    input:
        "results/{study}/run_config.yaml",
        STUDY.summaries,
        lib=sources("write_provenance"),
    output:
        "results/{study}/provenance.json",
    log:
        "results/{study}/logs/write_provenance.log",
    benchmark:
        "results/{study}/benchmarks/write_provenance.tsv"
    localrule: True
    params:
        benchmarks="results/{study}/benchmarks",
        blocks=STUDY.block_benchmarks(),
    message:
        "Recording commit, versions and seconds"
    script:
        "../workflow/scripts/write_provenance.py"
