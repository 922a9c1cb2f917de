"""Scores: every cell under every proxy, in chunks of cells; proxies that share a pass form a family.

REQUIRED INPUTS: results/{study}/batches/{dataset}.npz; or, for `scoring.scores: shipped`, a folder of score tables; or,
for `scoring.scores: table` and for scores of one's own, the tables under `scoring.tables`.
OUTPUTS: results/{study}/scores/{dataset}/{family}/chunk-{first}-{last}.parquet, scores/{dataset}/{family}.parquet (what
a search reads, so that another family does not concern it) and scores/{dataset}.parquet (all proxies and ensembles),
each with a .json; beside the latter, for people, {dataset}.csv.gz and {dataset}-seconds.csv.gz; the same below
results/{study}/scores-1/ and so on: what searches read, with other initialisations (`scoring.scorings`);
results/{study}/kernels/{dataset}.npz and .json, NASWOT's kernels of a few cells to look at;
results/{study}/noise/{dataset}/{family}-{1,2}.parquet and .json, a sample of cells scored anew on two mini-batches;
scores/{dataset}/own.parquet, given scores.
"""


rule score_chunk:
    input:
        batch="results/{study}/batches/{dataset}.npz",
        pool=lambda wildcards: STUDY.pool_file(wildcards.dataset),
        lib=lambda wildcards: sources("score_chunk", *STUDY.family_source(wildcards.family)),
    output:
        table="results/{study}/{scores}/{dataset}/{family}/chunk-{first}-{last}.parquet",
        facts="results/{study}/{scores}/{dataset}/{family}/chunk-{first}-{last}.json",
    log:
        "results/{study}/logs/score_chunk/{scores}/{dataset}/{family}/{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/score_chunk/{scores}/{dataset}/{family}/{first}-{last}.tsv"
    resources:
        **on_device(240),
    params:
        proxies=lambda wildcards: STUDY.scored_in(wildcards.scores)[wildcards.family],
        skeleton=config["skeleton"],
        repeats=config["scoring"]["repeats"],
        seed=config["seed"],
        device=config["scoring"]["device"],
        share_classes=STUDY.shares_classes,
        space=config["space"],
        scoring=lambda wildcards: STUDY.score_folders.index(wildcards.scores),
        first_images=lambda wildcards: config["scoring"]["first_images"].get(wildcards.family),
    message:
        "Scoring {wildcards.family} on {wildcards.dataset} ({wildcards.scores}), cells {wildcards.first} to {wildcards.last}"
    script:
        "../workflow/scripts/score_chunk.py"


rule score_noise:
    input:
        batches=lambda wildcards: [STUDY.noise_batch(wildcards.dataset, number) for number in (1, 2)],
        pool=lambda wildcards: STUDY.pool_file(wildcards.dataset),
        lib=lambda wildcards: sources("score_noise", *STUDY.family_source(wildcards.family)),
    output:
        tables=multiext("results/{study}/noise/{dataset}/{family}", "-1.parquet", "-2.parquet"),
        facts=multiext("results/{study}/noise/{dataset}/{family}", "-1.json", "-2.json"),
    log:
        "results/{study}/logs/score_noise/{dataset}/{family}.log",
    benchmark:
        "results/{study}/benchmarks/score_noise/{dataset}/{family}.tsv"
    resources:
        **on_device(60),
    params:
        proxies=lambda wildcards: STUDY.families[wildcards.family],
        cells=config["scoring"]["noise_cells"],
        skeleton=config["skeleton"],
        repeats=2,
        seed=config["seed"],
        device=config["scoring"]["device"],
        share_classes=STUDY.shares_classes,
        space=config["space"],
        first_images=lambda wildcards: config["scoring"]["first_images"].get(wildcards.family),
    message:
        "Measuring the noise of {wildcards.family} on {wildcards.dataset}"
    script:
        "../workflow/scripts/score_noise.py"


rule measure_kernels:
    input:
        batch="results/{study}/batches/{dataset}.npz",
        truth="results/{study}/truth/{dataset}.parquet",
        lib=sources("measure_kernels"),
    output:
        kernels="results/{study}/kernels/{dataset}.npz",
        facts="results/{study}/kernels/{dataset}.json",
    log:
        "results/{study}/logs/measure_kernels/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/measure_kernels/{dataset}.tsv"
    resources:
        **on_device(30),
    params:
        skeleton=config["skeleton"],
        seed=config["seed"],
        device=config["scoring"]["device"],
        first_images=config["scoring"]["first_images"].get("naswot"),
    message:
        "Computing kernels of a few cells on {wildcards.dataset}"
    script:
        "../workflow/scripts/measure_kernels.py"


rule merge_family:
    input:
        chunks=lambda wildcards: STUDY.chunks(wildcards.dataset, [wildcards.family], wildcards.scores),
        lib=lambda wildcards: sources("merge_family", *STUDY.family_source(wildcards.family)),
    output:
        table="results/{study}/{scores}/{dataset}/{family}.parquet",
        facts="results/{study}/{scores}/{dataset}/{family}.json",
    log:
        "results/{study}/logs/merge_family/{scores}/{dataset}/{family}.log",
    benchmark:
        "results/{study}/benchmarks/merge_family/{scores}/{dataset}/{family}.tsv"
    localrule: True
    params:
        share_classes=STUDY.shares_classes,
    message:
        "Merging the scores of {wildcards.family} on {wildcards.dataset}"
    script:
        "../workflow/scripts/merge_family.py"


rule merge_scores:
    input:
        chunks=lambda wildcards: STUDY.chunks(wildcards.dataset, folder=wildcards.scores),
        own=lambda wildcards: STUDY.own_file(wildcards.dataset),
        lib=sources("merge_scores", *STUDY.family_source(*STUDY.families)),
    output:
        table="results/{study}/{scores}/{dataset}.parquet",
        beside=multiext("results/{study}/{scores}/{dataset}", ".json", ".csv.gz", "-seconds.csv.gz"),
    log:
        "results/{study}/logs/merge_scores/{scores}/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/merge_scores/{scores}/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets if STUDY.computes else []),
    localrule: True
    params:
        share_classes=STUDY.shares_classes,
        ensembles=lambda wildcards: STUDY.ensembles_in(wildcards.scores),
    message:
        "Merging all scores on {wildcards.dataset}"
    script:
        "../workflow/scripts/merge_scores.py"


rule take_shipped_scores:
    input:
        tables=lambda wildcards: STUDY.shipped_tables(wildcards.dataset),
        facts=lambda wildcards: facts_of(STUDY.shipped_tables(wildcards.dataset)),
        own=lambda wildcards: STUDY.own_file(wildcards.dataset),
        lib=sources("take_shipped_scores"),
    output:
        table="results/{study}/scores/{dataset}.parquet",
        beside=multiext("results/{study}/scores/{dataset}", ".json", ".csv.gz", "-seconds.csv.gz"),
        batch="results/{study}/batches/{dataset}.json",
    log:
        "results/{study}/logs/take_shipped_scores/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/take_shipped_scores/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets if STUDY.shipped else []),
    localrule: True
    params:
        given=lambda wildcards, input: fingerprint(*input.tables, *input.facts),
        proxies=config["scoring"]["proxies"],
        ensembles=config["scoring"]["ensembles"],
        scoring=0,
        skeleton=config["skeleton"],
        images_of=lambda wildcards: STUDY.scored_on(wildcards.dataset),
    message:
        "Checking the shipped scores of {wildcards.dataset}"
    script:
        "../workflow/scripts/take_shipped_scores.py"


use rule take_shipped_scores as take_shipped_scorings with:
    input:
        tables=lambda wildcards: STUDY.shipped_tables(wildcards.dataset, wildcards.scores),
        facts=lambda wildcards: facts_of(STUDY.shipped_tables(wildcards.dataset, wildcards.scores)),
        first=lambda wildcards: facts_of(STUDY.shipped_tables(wildcards.dataset)),
        own=lambda wildcards: STUDY.own_file(wildcards.dataset),
        lib=sources("take_shipped_scores"),
    output:
        table="results/{study}/{scores}/{dataset}.parquet",
        beside=multiext("results/{study}/{scores}/{dataset}", ".json", ".csv.gz", "-seconds.csv.gz"),
    log:
        "results/{study}/logs/take_shipped_scorings/{scores}/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/take_shipped_scorings/{scores}/{dataset}.tsv"
    wildcard_constraints:
        scores=one_of(STUDY.score_folders[1:]),
        dataset=one_of(STUDY.datasets if STUDY.shipped else []),
    params:
        given=lambda wildcards, input: fingerprint(*input.tables, *input.facts, *input.first),
        proxies=lambda wildcards: STUDY.proxies_in(wildcards.scores),
        ensembles=lambda wildcards: STUDY.ensembles_in(wildcards.scores),
        scoring=lambda wildcards: STUDY.score_folders.index(wildcards.scores),
        skeleton=config["skeleton"],
        images_of=lambda wildcards: STUDY.scored_on(wildcards.dataset),
    message:
        "Checking the shipped scores of {wildcards.dataset}, {wildcards.scores}"


rule read_own_scores:
    input:
        unpack(lambda wildcards: STUDY.given_files(wildcards.dataset)),
        lib=sources("read_own_scores"),
    output:
        table="results/{study}/scores/{dataset}/own.parquet",
        facts="results/{study}/scores/{dataset}/own.json",
    log:
        "results/{study}/logs/read_own_scores/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/read_own_scores/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets if STUDY.given else []),
    localrule: True
    params:
        given=lambda wildcards: fingerprint(*STUDY.given_files(wildcards.dataset).values()),
        columns=lambda wildcards: config["scoring"]["tables"][wildcards.dataset]["columns"],
        names=STUDY.given,
        space=config["space"],
    message:
        "Reading the given scores of {wildcards.dataset}"
    script:
        "../workflow/scripts/read_own_scores.py"


rule take_given_scores:
    input:
        own=lambda wildcards: STUDY.own_file(wildcards.dataset),
        images=lambda wildcards: STUDY.given_images(wildcards.dataset),
        lib=lambda wildcards: sources("take_given_scores", *STUDY.dataset_source(wildcards.dataset)),
    output:
        table="results/{study}/scores/{dataset}.parquet",
        beside=multiext("results/{study}/scores/{dataset}", ".json", ".csv.gz", "-seconds.csv.gz"),
        batch="results/{study}/batches/{dataset}.json",
    log:
        "results/{study}/logs/take_given_scores/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/take_given_scores/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets if STUDY.all_given else []),
    localrule: True
    params:
        given=lambda wildcards: fingerprint(*STUDY.given_images(wildcards.dataset)),
        path=lambda wildcards: STUDY.images(wildcards.dataset),
        images_of=lambda wildcards: STUDY.scored_on(wildcards.dataset),
        ensembles=config["scoring"]["ensembles"],
        skeleton=config["skeleton"],
    message:
        "Taking the given scores of {wildcards.dataset}"
    script:
        "../workflow/scripts/take_given_scores.py"
