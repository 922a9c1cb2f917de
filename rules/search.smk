"""Searches: each algorithm on each dataset, its runs in blocks of seeds. No job imports torch.

REQUIRED INPUTS: the ground truth of every dataset (a cell chosen on one is read off on all, and a search may be shown
the early accuracies of another one), and the score table of the dataset searched on, for searches that use a proxy; its
latencies, for searches that limit or weigh them; for searches that evaluate networks live what that led their runs to.
OUTPUTS: results/{study}/runs/{searched_on}/{search}/seeds-{first}-{last}.parquet and .json, and the anytime curves of the
same runs, curves-{first}-{last}.parquet and .json.
"""


rule run_search:
    input:
        truths=STUDY.files("truth/{dataset}.parquet"),
        scores=lambda wildcards: STUDY.score_files(wildcards.searched_on, wildcards.search),
        latencies=lambda wildcards: STUDY.latency_file(wildcards.searched_on, wildcards.search),
        live=lambda wildcards: STUDY.live_files(
            wildcards.searched_on, wildcards.search, wildcards.first, wildcards.last
        ),
        lib=lambda wildcards: sources("run_search", *STUDY.search_source(wildcards.search)),
    output:
        table="results/{study}/runs/{searched_on}/{search}/seeds-{first}-{last}.parquet",
        facts="results/{study}/runs/{searched_on}/{search}/seeds-{first}-{last}.json",
        curves="results/{study}/runs/{searched_on}/{search}/curves-{first}-{last}.parquet",
        curve_facts="results/{study}/runs/{searched_on}/{search}/curves-{first}-{last}.json",
    log:
        "results/{study}/logs/run_search/{searched_on}/{search}/{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/run_search/{searched_on}/{search}/{first}-{last}.tsv"
    resources:
        mem_mb=by_attempt(2000),
        runtime=by_attempt(15),
    params:
        settings=lambda wildcards: STUDY.searches[wildcards.search],
        datasets=STUDY.datasets,
        budget_seconds=lambda wildcards: STUDY.budget(wildcards.searched_on, wildcards.search),
        pay_once=lambda wildcards: STUDY.pays_once(wildcards.search),
        seed=config["seed"],
    message:
        "Searching with {wildcards.search} on {wildcards.searched_on}, runs {wildcards.first} to {wildcards.last}"
    script:
        "../workflow/scripts/run_search.py"
