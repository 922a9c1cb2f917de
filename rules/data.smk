"""Images: official downloads, the fixed mini-batch that every proxy looks at, and a second one to measure noise on.

REQUIRED INPUTS: nothing (embedded or downloaded images), or the path `datasets.{dataset}.images.path` of the study.
OUTPUTS: resources/{dataset}/ with downloaded.json, results/{study}/batches/{dataset}.npz and .json, and
results/{study}/noise/{dataset}/batch.npz and .json.
"""


rule download:
    output:
        "resources/{resource}/downloaded.json",
    log:
        "resources/{resource}.log",
    benchmark:
        "resources/{resource}.tsv"
    # The library itself tries again where that can help; another round would only repeat its report.
    retries: 0
    localrule: True
    message:
        "Downloading {wildcards.resource} into resources/"
    script:
        "../workflow/scripts/download.py"


rule make_batch:
    input:
        images=lambda wildcards: STUDY.image_files(wildcards.dataset),
        splits=lambda wildcards: STUDY.split_files(wildcards.dataset),
        lib=lambda wildcards: sources("make_batch", *STUDY.dataset_source(wildcards.dataset)),
    output:
        batch="results/{study}/batches/{dataset}.npz",
        facts="results/{study}/batches/{dataset}.json",
    log:
        "results/{study}/logs/make_batch/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/make_batch/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets if STUDY.computes else []),
    params:
        given=lambda wildcards: fingerprint(*STUDY.given_images(wildcards.dataset)),
        path=lambda wildcards: STUDY.images(wildcards.dataset),
        images_of=lambda wildcards: STUDY.scored_on(wildcards.dataset),
        batch_size=lambda wildcards: STUDY.batch_size(wildcards.dataset),
        seed=config["seed"],
    message:
        "Drawing the mini-batch of {wildcards.dataset}"
    script:
        "../workflow/scripts/make_batch.py"


use rule make_batch as make_second_batch with:
    output:
        batch="results/{study}/noise/{dataset}/batch.npz",
        facts="results/{study}/noise/{dataset}/batch.json",
    log:
        "results/{study}/logs/make_second_batch/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/make_second_batch/{dataset}.tsv"
    params:
        given=lambda wildcards: fingerprint(*STUDY.given_images(wildcards.dataset)),
        path=lambda wildcards: STUDY.images(wildcards.dataset),
        images_of=lambda wildcards: STUDY.scored_on(wildcards.dataset),
        batch_size=lambda wildcards: STUDY.batch_size(wildcards.dataset),
        seed=STUDY.second_batch_seed,
    message:
        "Drawing a second mini-batch of {wildcards.dataset}"
