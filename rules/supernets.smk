"""Supernets: searches that evaluate networks which are no cells, on images, before their runs are read off.

REQUIRED INPUTS: the images of a dataset, as for its mini-batch.
OUTPUTS: results/{study}/supernets/{dataset}/{search}/seeds-{first}-{last}.parquet (the cell that each run ended with, and
its seconds) and rounds-{first}-{last}.parquet (every operation that was tried, with its ranks), each with a .json.
"""


rule prune_supernets:
    input:
        images=lambda wildcards: STUDY.image_files(wildcards.dataset),
        splits=lambda wildcards: STUDY.split_files(wildcards.dataset),
        lib=lambda wildcards: sources("prune_supernets", *STUDY.dataset_source(wildcards.dataset)),
    output:
        table="results/{study}/supernets/{dataset}/{search}/seeds-{first}-{last}.parquet",
        facts="results/{study}/supernets/{dataset}/{search}/seeds-{first}-{last}.json",
        rounds="results/{study}/supernets/{dataset}/{search}/rounds-{first}-{last}.parquet",
        round_facts="results/{study}/supernets/{dataset}/{search}/rounds-{first}-{last}.json",
    log:
        "results/{study}/logs/prune_supernets/{dataset}/{search}/{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/prune_supernets/{dataset}/{search}/{first}-{last}.tsv"
    wildcard_constraints:
        search=one_of(STUDY.live_searches),
    resources:
        **on_device(240),
    params:
        given=lambda wildcards: fingerprint(*STUDY.given_images(wildcards.dataset)),
        settings=lambda wildcards: STUDY.searches[wildcards.search],
        path=lambda wildcards: STUDY.images(wildcards.dataset),
        seed=config["seed"],
        device=config["scoring"]["device"],
        scratch=lambda wildcards: f".scratch/supernets/{wildcards.dataset}",
    message:
        "Pruning supernets on {wildcards.dataset} for {wildcards.search}, runs {wildcards.first} to {wildcards.last}"
    script:
        "../workflow/scripts/prune_supernets.py"
