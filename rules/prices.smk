"""Prices: how long scoring takes on this machine, and what the runs cost by it, by the score table and by papers.

REQUIRED INPUTS: all runs, the facts of the score tables that searches read, published rates.
OUTPUTS: results/{study}/rates/{dataset}/{family}.json, results/{study}/summaries/prices.csv and .json.
"""


rule measure_rates:
    input:
        scores=lambda wildcards: STUDY.score_facts(wildcards.dataset, wildcards.family),
        lib=lambda wildcards: sources("measure_rates", *STUDY.family_source(wildcards.family)),
    output:
        "results/{study}/rates/{dataset}/{family}.json",
    log:
        "results/{study}/logs/measure_rates/{dataset}/{family}.log",
    benchmark:
        "results/{study}/benchmarks/measure_rates/{dataset}/{family}.tsv"
    threads: 1
    resources:
        gpu=gpu,
        mem_mb=by_attempt(8000),
        runtime=by_attempt(15),
    params:
        proxies=lambda wildcards: STUDY.priced_families[wildcards.family],
        seed=config["seed"],
        device=config["scoring"]["device"],
    message:
        "Timing {wildcards.family} on this machine, for {wildcards.dataset}"
    script:
        "../workflow/scripts/measure_rates.py"
