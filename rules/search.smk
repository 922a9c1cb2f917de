"""Searches: each algorithm on every dataset, its runs in blocks of seeds. No job imports torch.

REQUIRED INPUTS: the ground truth of every dataset (a cell chosen on one is read off on all, and a search may be shown
the early accuracies of another one), and the score tables of all datasets, for searches that use a proxy; latencies, for
searches that limit or weigh them; for searches that evaluate networks live what that led their runs to.
OUTPUTS: results/{study}/runs/{searched_on}/{search}/seeds-{first}-{last}.parquet and .json, and the anytime curves of the
same runs, curves-{first}-{last}.parquet and .json, for each dataset searched on.
"""


rule run_search:
    input:
        truths=STUDY.files("truth/{dataset}.parquet"),
        read=lambda wildcards: STUDY.search_files(wildcards.search, wildcards.first, wildcards.last),
        lib=lambda wildcards: sources("run_search", *STUDY.search_source(wildcards.search)),
    output:
        expand(
            "results/{{study}}/runs/{searched_on}/{{search}}/{table}-{{first}}-{{last}}.{suffix}",
            searched_on=STUDY.datasets,
            table=["seeds", "curves"],
            suffix=["parquet", "json"],
        ),
    log:
        "results/{study}/logs/run_search/{search}/{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/run_search/{search}/{first}-{last}.tsv"
    resources:
        mem_mb=by_attempt(2000),
        runtime=by_attempt(15 * len(STUDY.datasets)),
    params:
        settings=lambda wildcards: STUDY.searches[wildcards.search],
        datasets=STUDY.datasets,
        blocks=lambda wildcards: STUDY.search_blocks(wildcards.search, wildcards.first, wildcards.last),
        pay_once=lambda wildcards: STUDY.pays_once(wildcards.search),
        seed=config["seed"],
    message:
        "Searching with {wildcards.search}, runs {wildcards.first} to {wildcards.last}"
    script:
        "../workflow/scripts/run_search.py"
