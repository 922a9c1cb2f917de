"""Summaries: every search over its runs, every proxy against the accuracies; and what made the study.

REQUIRED INPUTS: all runs, score tables and ground truths of the study.
OUTPUTS: results/{study}/summaries/search.csv and correlations.csv, run_config.yaml, provenance.json.
"""


rule summarise_searches:
    input:
        runs=STUDY.run_files(),
        lib=sources("summarise_searches"),
    output:
        table=report(
            "results/{study}/summaries/search.csv",
            caption="../report/captions/search.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_searches.log",
    benchmark:
        "results/{study}/benchmarks/summarise_searches.tsv"
    message:
        "Summarising the searches"
    script:
        "../workflow/scripts/summarise_searches.py"


rule summarise_correlations:
    input:
        scores=STUDY.files("scores/{dataset}.csv"),
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("summarise_correlations"),
    output:
        table=report(
            "results/{study}/summaries/correlations.csv",
            caption="../report/captions/correlations.rst",
            category="Proxies",
        ),
    log:
        "results/{study}/logs/summarise_correlations.log",
    benchmark:
        "results/{study}/benchmarks/summarise_correlations.tsv"
    params:
        datasets=STUDY.datasets,
    message:
        "Correlating scores with accuracies"
    script:
        "../workflow/scripts/summarise_correlations.py"


rule write_run_config:
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
        "results/{study}/summaries/search.csv",
        "results/{study}/summaries/correlations.csv",
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
