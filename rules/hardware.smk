"""What cells cost to run: latencies on devices, and the searches that limit or weigh a cost.

REQUIRED INPUTS: a table of latencies for each dataset that has one (`datasets.{dataset}.hardware.path`); the runs of
searches with a limit or with two objectives.
OUTPUTS: results/{study}/hardware/{dataset}.parquet and .json; summaries/fronts.csv, front-cells.parquet, limits.csv and
spaces.csv, with their figures and tables.
"""


rule read_latencies:
    input:
        unpack(lambda wildcards: STUDY.latency_files(wildcards.dataset)),
        lib=sources("read_latencies"),
    output:
        table="results/{study}/hardware/{dataset}.parquet",
        facts="results/{study}/hardware/{dataset}.json",
    log:
        "results/{study}/logs/read_latencies/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/read_latencies/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.datasets_with_latencies),
    params:
        given=lambda wildcards: fingerprint(*STUDY.latency_files(wildcards.dataset).values()),
        columns=lambda wildcards: STUDY.hardware(wildcards.dataset)["columns"],
    message:
        "Reading the latencies of {wildcards.dataset}"
    script:
        "../workflow/scripts/read_latencies.py"


rule summarise_fronts:
    input:
        runs=STUDY.run_files_of(STUDY.front_searches),
        truths=STUDY.files("truth/{dataset}.parquet"),
        latencies=STUDY.all_latencies,
        lib=sources("summarise_fronts"),
    output:
        table=report(
            "results/{study}/summaries/fronts.csv",
            caption="../report/captions/fronts-summary.rst",
            category="Hardware",
        ),
        cells="results/{study}/summaries/front-cells.parquet",
    log:
        "results/{study}/logs/summarise_fronts.log",
    benchmark:
        "results/{study}/benchmarks/summarise_fronts.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.front_searches else []),
    params:
        datasets=STUDY.datasets,
        measured=STUDY.datasets_with_latencies,
        searches=STUDY.front_searches,
        seed=config["seed"],
    message:
        "Measuring the Pareto fronts of the searches"
    script:
        "../workflow/scripts/summarise_fronts.py"


rule draw_fronts:
    input:
        summary="results/{study}/summaries/fronts.csv",
        cells="results/{study}/summaries/front-cells.parquet",
        truths=STUDY.files("truth/{dataset}.parquet"),
        latencies=STUDY.all_latencies,
        lib=sources("draw_fronts"),
    output:
        pdf="results/{study}/figures/fronts.pdf",
        png=report(
            "results/{study}/figures/fronts.png",
            caption="../report/captions/fronts.rst",
            category="Hardware",
        ),
    log:
        "results/{study}/logs/draw_fronts.log",
    benchmark:
        "results/{study}/benchmarks/draw_fronts.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        measured=STUDY.datasets_with_latencies,
        searches=STUDY.front_searches,
    message:
        "Drawing Pareto fronts"
    script:
        "../workflow/scripts/draw_fronts.py"


rule tabulate_fronts:
    input:
        summary="results/{study}/summaries/fronts.csv",
        lib=sources("tabulate_fronts"),
    output:
        table="results/{study}/tables/fronts.tex",
    log:
        "results/{study}/logs/tabulate_fronts.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_fronts.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.front_searches,
    message:
        "Writing the table of Pareto fronts"
    script:
        "../workflow/scripts/tabulate_fronts.py"


rule summarise_limits:
    input:
        runs=STUDY.run_files_of(STUDY.limited_searches),
        truths=STUDY.files("truth/{dataset}.parquet"),
        latencies=STUDY.all_latencies,
        lib=sources("summarise_limits"),
    output:
        table=report(
            "results/{study}/summaries/limits.csv",
            caption="../report/captions/limits.rst",
            category="Hardware",
        ),
    log:
        "results/{study}/logs/summarise_limits.log",
    benchmark:
        "results/{study}/benchmarks/summarise_limits.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.limited_searches else []),
    params:
        datasets=STUDY.datasets,
        measured=STUDY.datasets_with_latencies,
        searches=STUDY.limited_searches,
        seed=config["seed"],
    message:
        "Setting what limited searches chose beside their limits"
    script:
        "../workflow/scripts/summarise_limits.py"


rule tabulate_limits:
    input:
        summary="results/{study}/summaries/limits.csv",
        lib=sources("tabulate_limits"),
    output:
        table="results/{study}/tables/limits.tex",
    log:
        "results/{study}/logs/tabulate_limits.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_limits.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing the table of limited searches"
    script:
        "../workflow/scripts/tabulate_limits.py"


rule summarise_spaces:
    input:
        truths=STUDY.files("truth/{dataset}.parquet"),
        latencies=STUDY.all_latencies,
        lib=sources("summarise_spaces"),
    output:
        table=report(
            "results/{study}/summaries/spaces.csv",
            caption="../report/captions/spaces.rst",
            category="Hardware",
        ),
    log:
        "results/{study}/logs/summarise_spaces.log",
    benchmark:
        "results/{study}/benchmarks/summarise_spaces.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.spaces else []),
    params:
        datasets=STUDY.datasets,
        measured=STUDY.datasets_with_latencies,
        spaces=STUDY.spaces,
    message:
        "Comparing sub-spaces by the FLOPs of their cells"
    script:
        "../workflow/scripts/summarise_spaces.py"


rule tabulate_spaces:
    input:
        summary="results/{study}/summaries/spaces.csv",
        lib=sources("tabulate_spaces"),
    output:
        table="results/{study}/tables/spaces.tex",
    log:
        "results/{study}/logs/tabulate_spaces.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_spaces.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        spaces=STUDY.spaces,
    message:
        "Writing the table of sub-spaces"
    script:
        "../workflow/scripts/tabulate_spaces.py"
