"""Prices: how long scoring takes on this machine, and what the runs cost by it, by the score table and by papers.

REQUIRED INPUTS: all runs, the facts of the score tables that searches read, published rates.
OUTPUTS: results/{study}/rates/{dataset}.json, results/{study}/summaries/prices.csv and .json.
"""


rule measure_rates:
    input:
        scores=lambda wildcards: STUDY.score_facts(wildcards.dataset),
        lib=sources("measure_rates", *STUDY.family_source(*STUDY.priced_families)),
    output:
        "results/{study}/rates/{dataset}.json",
    log:
        "results/{study}/logs/measure_rates/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/measure_rates/{dataset}.tsv"
    threads: 1
    resources:
        gpu=gpu,
        mem_mb=by_attempt(8000),
        runtime=by_attempt(30),
    params:
        families=STUDY.priced_families,
        seed=config["seed"],
        device=config["scoring"]["device"],
    message:
        "Timing the proxies that searches read on this machine, for {wildcards.dataset}"
    script:
        "../workflow/scripts/measure_rates.py"
