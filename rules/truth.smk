"""Ground truth: what every cell reaches when it is trained, and what the training costs. Three sources, one table.

REQUIRED INPUTS: by `datasets.{dataset}.truth.source`: the official archive (a path, or downloaded), a ready table (a
path), or images to train on, by the recipe under `training`.
OUTPUTS: results/{study}/truth/{dataset}.parquet and .json; blocks of a training here in truth/{dataset}/; what was read
of an official archive in truth/archive/.
"""


rule read_archive:
    input:
        archive=lambda wildcards: STUDY.archive_files(wildcards.archive),
        lib=sources("read_archive"),
    output:
        table="results/{study}/truth/archive/{archive}.parquet",
        facts="results/{study}/truth/archive/{archive}.json",
    log:
        "results/{study}/logs/read_archive/{archive}.log",
    benchmark:
        "results/{study}/benchmarks/read_archive/{archive}.tsv"
    params:
        given=lambda wildcards: fingerprint(*STUDY.archive_files(wildcards.archive)),
        archive=lambda wildcards: STUDY.archives[wildcards.archive],
        datasets=lambda wildcards: STUDY.archive_datasets(wildcards.archive),
        allow_incomplete=lambda wildcards: STUDY.archive_may_lack_cells(wildcards.archive),
    message:
        "Reading the official archive, once for all its datasets"
    script:
        "../workflow/scripts/read_archive.py"


rule truth_from_archive:
    input:
        table=lambda wildcards: STUDY.archive_table(wildcards.dataset),
        lib=sources("truth_from_archive"),
    output:
        table="results/{study}/truth/{dataset}.parquet",
        facts="results/{study}/truth/{dataset}.json",
    log:
        "results/{study}/logs/truth_from_archive/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/truth_from_archive/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets_with("archive")),
    localrule: True
    params:
        allow_incomplete=lambda wildcards: STUDY.truth(wildcards.dataset)["allow_incomplete"],
    message:
        "Taking {wildcards.dataset} out of the official archive"
    script:
        "../workflow/scripts/truth_from_archive.py"


rule truth_from_table:
    input:
        unpack(lambda wildcards: STUDY.table_files(wildcards.dataset)),
        lib=sources("truth_from_table"),
    output:
        table="results/{study}/truth/{dataset}.parquet",
        facts="results/{study}/truth/{dataset}.json",
    log:
        "results/{study}/logs/truth_from_table/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/truth_from_table/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets_with("table")),
    params:
        given=lambda wildcards: fingerprint(*STUDY.table_files(wildcards.dataset).values()),
        columns=lambda wildcards: STUDY.truth(wildcards.dataset)["columns"],
        skeleton=lambda wildcards: STUDY.network(wildcards.dataset),
        allow_incomplete=lambda wildcards: STUDY.truth(wildcards.dataset)["allow_incomplete"],
        space=config["space"],
        pool=STUDY.pool_size and [STUDY.pool_size, config["seed"]],
        metric=lambda wildcards: STUDY.truth(wildcards.dataset)["metric"],
    message:
        "Reading the ready ground truth of {wildcards.dataset}"
    script:
        "../workflow/scripts/truth_from_table.py"


rule train_block:
    input:
        images=lambda wildcards: STUDY.image_files(wildcards.dataset),
        lib=lambda wildcards: sources("train_block", *STUDY.dataset_source(wildcards.dataset)),
    output:
        table="results/{study}/truth/{dataset}/block-{first}-{last}.parquet",
        facts="results/{study}/truth/{dataset}/block-{first}-{last}.json",
    log:
        "results/{study}/logs/train_block/{dataset}/{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/train_block/{dataset}/{first}-{last}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets_with("trained")),
    resources:
        **on_device(240),
    params:
        given=lambda wildcards: fingerprint(*STUDY.given_images(wildcards.dataset)),
        path=lambda wildcards: STUDY.images(wildcards.dataset),
        recipe=STUDY.recipe,
        skeleton=config["skeleton"],
        seed=config["seed"],
        scratch=lambda wildcards: STUDY.scratch(wildcards.dataset),
        device=config["scoring"]["device"],
    message:
        "Training cells {wildcards.first} to {wildcards.last} on {wildcards.dataset}"
    script:
        "../workflow/scripts/train_block.py"


rule merge_truth:
    input:
        blocks=lambda wildcards: STUDY.training_files(wildcards.dataset),
        lib=sources("merge_truth"),
    output:
        table="results/{study}/truth/{dataset}.parquet",
        facts="results/{study}/truth/{dataset}.json",
        seeds="results/{study}/truth/{dataset}-seeds.parquet",
        seeds_facts="results/{study}/truth/{dataset}-seeds.json",
    log:
        "results/{study}/logs/merge_truth/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/merge_truth/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets_with("trained")),
    params:
        recipe=STUDY.recipe,
    message:
        "Merging the trained blocks of {wildcards.dataset}"
    script:
        "../workflow/scripts/merge_truth.py"
