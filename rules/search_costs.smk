"""Prices: how long scoring takes on this machine, and what the runs cost by it, by the score table and by papers.

REQUIRED INPUTS: all runs, the facts of the score tables that searches read, published rates.
OUTPUTS: results/{study}/machine-seconds/{dataset}.json, results/{study}/summaries/search-costs.csv and .json.
"""


rule measure_seconds:
    input:
        scores=lambda wildcards: STUDY.score_facts(wildcards.dataset),
        lib=sources("measure_seconds", *STUDY.family_source(*STUDY.priced_families)),
    output:
        "results/{study}/machine-seconds/{dataset}.json",
    log:
        "results/{study}/logs/measure_seconds/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/measure_seconds/{dataset}.tsv"
    resources:
        **on_device(30),
    params:
        families=STUDY.priced_families,
        seed=config["seed"],
        device=config["scoring"]["device"],
    message:
        "Timing the proxies that searches read on this machine, for {wildcards.dataset}"
    script:
        "../workflow/scripts/measure_seconds.py"
