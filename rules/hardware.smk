"""What cells cost to run: latencies on devices, and the searches that limit or weigh a cost.

REQUIRED INPUTS: a table of latencies for each dataset that has one (`datasets.{dataset}.hardware.path`); the runs of
searches with a limit or with two objectives.
OUTPUTS: results/{study}/hardware/{dataset}.parquet and .json; summaries/fronts.csv, front-cells.parquet, cost-limits.csv and
subspaces.csv, with their figures and tables.
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
        space=config["space"],
    message:
        "Reading the latencies of {wildcards.dataset}"
    script:
        "../workflow/scripts/read_latencies.py"
