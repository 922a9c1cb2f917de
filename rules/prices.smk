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


rule reprice:
    input:
        runs=STUDY.run_files(),
        facts=[path.replace(".parquet", ".json") for path in STUDY.run_files()],
        rates=STUDY.rate_files(),
        published=STUDY.published_files,
        lib=sources("reprice"),
    output:
        table=report(
            "results/{study}/summaries/prices.csv",
            caption="../report/captions/prices.rst",
            category="Searches",
        ),
        facts="results/{study}/summaries/prices.json",
    log:
        "results/{study}/logs/reprice.log",
    benchmark:
        "results/{study}/benchmarks/reprice.tsv"
    localrule: True
    params:
        members=STUDY.priced,
        unpriced=STUDY.unpriced,
        datasets=STUDY.datasets,
    message:
        "Pricing the runs by the score table, by this machine and by papers"
    script:
        "../workflow/scripts/reprice.py"
