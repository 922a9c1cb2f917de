"""Figures of the report, each as PDF and as PNG (for `snakemake --report`).

REQUIRED INPUTS: mini-batches, ground truth, score tables and summaries of results/{study}/.
OUTPUTS: results/{study}/figures/*.pdf and *.png.
"""


rule draw_search_space:
    input:
        lib=sources("draw_search_space"),
    output:
        pdf="results/{study}/figures/search-space.pdf",
        png=report(
            "results/{study}/figures/search-space.png",
            caption="../report/captions/search-space.rst",
            category="Setup",
        ),
    log:
        "results/{study}/logs/draw_search_space.log",
    benchmark:
        "results/{study}/benchmarks/draw_search_space.tsv"
    localrule: True
    params:
        skeleton=config["skeleton"],
    message:
        "Drawing the search space"
    script:
        "../workflow/scripts/draw_search_space.py"


rule draw_batch:
    input:
        batch="results/{study}/batches/{dataset}.npz",
        lib=sources("draw_batch"),
    output:
        pdf="results/{study}/figures/batch-{dataset}.pdf",
        png=report(
            "results/{study}/figures/batch-{dataset}.png",
            caption="../report/captions/batch.rst",
            category="Setup",
            labels={"dataset": "{dataset}"},
        ),
    log:
        "results/{study}/logs/draw_batch/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/draw_batch/{dataset}.tsv"
    localrule: True
    message:
        "Drawing the mini-batch of {wildcards.dataset}"
    script:
        "../workflow/scripts/draw_batch.py"


rule draw_kernels:
    input:
        kernels="results/{study}/kernels/{dataset}.npz",
        lib=sources("draw_kernels"),
    output:
        pdf="results/{study}/figures/kernels-{dataset}.pdf",
        png=report(
            "results/{study}/figures/kernels-{dataset}.png",
            caption="../report/captions/kernels.rst",
            category="Proxies",
            labels={"dataset": "{dataset}"},
        ),
    log:
        "results/{study}/logs/draw_kernels/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/draw_kernels/{dataset}.tsv"
    localrule: True
    message:
        "Drawing kernels of {wildcards.dataset}"
    script:
        "../workflow/scripts/draw_kernels.py"


rule draw_accuracies:
    input:
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("draw_accuracies"),
    output:
        pdf="results/{study}/figures/accuracies.pdf",
        png=report(
            "results/{study}/figures/accuracies.png",
            caption="../report/captions/accuracies.rst",
            category="Ground truth",
        ),
    log:
        "results/{study}/logs/draw_accuracies.log",
    benchmark:
        "results/{study}/benchmarks/draw_accuracies.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Drawing the accuracies of all cells"
    script:
        "../workflow/scripts/draw_accuracies.py"


rule draw_best_cells:
    input:
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("draw_best_cells"),
    output:
        pdf="results/{study}/figures/best-cells.pdf",
        png=report(
            "results/{study}/figures/best-cells.png",
            caption="../report/captions/best-cells.rst",
            category="Ground truth",
        ),
    log:
        "results/{study}/logs/draw_best_cells.log",
    benchmark:
        "results/{study}/benchmarks/draw_best_cells.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Drawing the best cells"
    script:
        "../workflow/scripts/draw_best_cells.py"


rule draw_scatter:
    input:
        scores=STUDY.files("scores/{dataset}.parquet"),
        truths=STUDY.files("truth/{dataset}.parquet"),
        correlations="results/{study}/summaries/correlations.csv",
        lib=sources("draw_scatter"),
    output:
        pdf="results/{study}/figures/scatter-{proxy}.pdf",
        png=report(
            "results/{study}/figures/scatter-{proxy}.png",
            caption="../report/captions/scatter.rst",
            category="Proxies",
            labels={"proxy": "{proxy}"},
        ),
    log:
        "results/{study}/logs/draw_scatter/{proxy}.log",
    benchmark:
        "results/{study}/benchmarks/draw_scatter/{proxy}.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Drawing the scores of {wildcards.proxy} against accuracies"
    script:
        "../workflow/scripts/draw_scatter.py"


rule draw_correlations:
    input:
        correlations="results/{study}/summaries/correlations.csv",
        published=STUDY.published_files,
        lib=sources("draw_correlations"),
    output:
        pdf="results/{study}/figures/correlations.pdf",
        png=report(
            "results/{study}/figures/correlations.png",
            caption="../report/captions/proxies.rst",
            category="Proxies",
        ),
    log:
        "results/{study}/logs/draw_correlations.log",
    benchmark:
        "results/{study}/benchmarks/draw_correlations.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Drawing the correlations of all proxies"
    script:
        "../workflow/scripts/draw_correlations.py"


rule draw_proxy_pairs:
    input:
        pairs="results/{study}/summaries/proxy-pairs.csv",
        correlations="results/{study}/summaries/correlations.csv",
        lib=sources("draw_proxy_pairs"),
    output:
        pdf="results/{study}/figures/proxy-pairs-{dataset}.pdf",
        png=report(
            "results/{study}/figures/proxy-pairs-{dataset}.png",
            caption="../report/captions/proxy-pairs.rst",
            category="Proxies",
            labels={"dataset": "{dataset}"},
        ),
    log:
        "results/{study}/logs/draw_proxy_pairs/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/draw_proxy_pairs/{dataset}.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        names=STUDY.scored,
    message:
        "Drawing how alike the scores of {wildcards.dataset} are"
    script:
        "../workflow/scripts/draw_proxy_pairs.py"


rule draw_anytime:
    input:
        curves="results/{study}/summaries/curves.csv",
        lib=sources("draw_anytime"),
    output:
        pdf="results/{study}/figures/anytime.pdf",
        png=report(
            "results/{study}/figures/anytime.png",
            caption="../report/captions/anytime.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/draw_anytime.log",
    benchmark:
        "results/{study}/benchmarks/draw_anytime.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Drawing what every search has found after so many seconds"
    script:
        "../workflow/scripts/draw_anytime.py"


rule draw_equal_time:
    input:
        table="results/{study}/summaries/equal-time.csv",
        lib=sources("draw_equal_time"),
    output:
        pdf="results/{study}/figures/equal-time.pdf",
        png=report(
            "results/{study}/figures/equal-time.png",
            caption="../report/captions/equal-time.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/draw_equal_time.log",
    benchmark:
        "results/{study}/benchmarks/draw_equal_time.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Drawing what groups of searches have found after the same seconds"
    script:
        "../workflow/scripts/draw_equal_time.py"


rule draw_queries:
    input:
        table="results/{study}/summaries/query-curves.csv",
        lib=sources("draw_queries"),
    output:
        pdf="results/{study}/figures/queries.pdf",
        png=report(
            "results/{study}/figures/queries.png",
            caption="../report/captions/queries.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/draw_queries.log",
    benchmark:
        "results/{study}/benchmarks/draw_queries.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Drawing what every search has found after so many looks at accuracies"
    script:
        "../workflow/scripts/draw_queries.py"


rule draw_search_times:
    input:
        summary="results/{study}/summaries/search.csv",
        lib=sources("draw_search_times"),
    output:
        pdf="results/{study}/figures/search-times.pdf",
        png=report(
            "results/{study}/figures/search-times.png",
            caption="../report/captions/search-times.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/draw_search_times.log",
    benchmark:
        "results/{study}/benchmarks/draw_search_times.tsv"
    localrule: True
    params:
        searches=STUDY.searches,
    message:
        "Drawing accuracies against search times"
    script:
        "../workflow/scripts/draw_search_times.py"


rule draw_comparisons:
    input:
        comparisons="results/{study}/summaries/comparisons.csv",
        regret="results/{study}/summaries/regret.csv",
        lib=sources("draw_comparisons"),
    output:
        pdf="results/{study}/figures/comparisons-{dataset}.pdf",
        png=report(
            "results/{study}/figures/comparisons-{dataset}.png",
            caption="../report/captions/comparisons-figure.rst",
            category="Searches",
            labels={"dataset": "{dataset}"},
        ),
    log:
        "results/{study}/logs/draw_comparisons/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/draw_comparisons/{dataset}.tsv"
    localrule: True
    params:
        searches=STUDY.searches,
    message:
        "Drawing every search against every other on {wildcards.dataset}"
    script:
        "../workflow/scripts/draw_comparisons.py"


rule draw_critical_difference:
    input:
        ranks="results/{study}/summaries/ranks.csv",
        lib=sources("draw_critical_difference"),
    output:
        pdf="results/{study}/figures/critical-difference.pdf",
        png=report(
            "results/{study}/figures/critical-difference.png",
            caption="../report/captions/critical-difference.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/draw_critical_difference.log",
    benchmark:
        "results/{study}/benchmarks/draw_critical_difference.tsv"
    localrule: True
    params:
        searches=STUDY.searches,
    message:
        "Drawing the mean ranks of searches"
    script:
        "../workflow/scripts/draw_critical_difference.py"
