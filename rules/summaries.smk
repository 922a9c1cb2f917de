"""Summaries: every search over its runs, every proxy against accuracies, other proxies and chance; what made the study.

REQUIRED INPUTS: all runs, score tables and ground truths of the study, and the cells scored anew to measure noise.
OUTPUTS: results/{study}/summaries/search.csv, curves.csv, query-curves.csv, equal-time.csv, comparisons.csv, regret.csv,
with several datasets and searches ranks.csv,
correlations.csv, proxies.csv, proxy-pairs.csv and, unless scores are
shipped or `scoring.noise_cells` is 0, noise.csv; published.csv where a published row matches a search; run_config.yaml,
provenance.json.
"""


rule summarise_searches:
    input:
        runs=STUDY.run_files(),
        lib=sources("summarise_searches"),
    output:
        table=report(
            "results/{study}/summaries/search.csv",
            caption="../report/captions/search.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_searches.log",
    benchmark:
        "results/{study}/benchmarks/summarise_searches.tsv"
    params:
        seed=config["seed"],
    message:
        "Summarising the searches"
    script:
        "../workflow/scripts/summarise_searches.py"


rule summarise_curves:
    input:
        curves=STUDY.curve_files(),
        facts=[path.replace(".parquet", ".json") for path in STUDY.curve_files()],
        lib=sources("summarise_curves"),
    output:
        table=report(
            "results/{study}/summaries/curves.csv",
            caption="../report/captions/curves.rst",
            category="Searches",
        ),
        queries=report(
            "results/{study}/summaries/query-curves.csv",
            caption="../report/captions/query-curves.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_curves.log",
    benchmark:
        "results/{study}/benchmarks/summarise_curves.tsv"
    params:
        references=STUDY.references,
    message:
        "Summarising how good every search is after so many seconds, and after so many looks at accuracies"
    script:
        "../workflow/scripts/summarise_curves.py"


rule summarise_equal_time:
    input:
        curves=STUDY.curve_files(),
        facts=[path.replace(".parquet", ".json") for path in STUDY.curve_files()],
        lib=sources("summarise_equal_time"),
    output:
        table=report(
            "results/{study}/summaries/equal-time.csv",
            caption="../report/captions/equal-time-summary.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_equal_time.log",
    benchmark:
        "results/{study}/benchmarks/summarise_equal_time.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.equal_time_groups else []),
    params:
        groups=STUDY.equal_time_groups,
        priors=STUDY.searches_with_prior,
        random_cell=STUDY.random_cell,
        seed=config["seed"],
    message:
        "Comparing searches that train, that score and that do both after the same seconds"
    script:
        "../workflow/scripts/summarise_equal_time.py"


rule summarise_comparisons:
    input:
        runs=STUDY.run_files(),
        lib=sources("summarise_comparisons"),
    output:
        table=report(
            "results/{study}/summaries/comparisons.csv",
            caption="../report/captions/comparisons.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_comparisons.log",
    benchmark:
        "results/{study}/benchmarks/summarise_comparisons.tsv"
    params:
        seed=config["seed"],
    message:
        "Comparing every two searches"
    script:
        "../workflow/scripts/summarise_comparisons.py"


rule summarise_regret:
    input:
        runs=STUDY.run_files(),
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("summarise_regret"),
    output:
        table=report(
            "results/{study}/summaries/regret.csv",
            caption="../report/captions/regret.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_regret.log",
    benchmark:
        "results/{study}/benchmarks/summarise_regret.tsv"
    params:
        datasets=STUDY.datasets,
        seed=config["seed"],
    message:
        "Measuring how far searches end from the best cell"
    script:
        "../workflow/scripts/summarise_regret.py"


rule summarise_ranks:
    input:
        summary="results/{study}/summaries/search.csv",
        lib=sources("summarise_ranks"),
    output:
        table=report(
            "results/{study}/summaries/ranks.csv",
            caption="../report/captions/ranks.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_ranks.log",
    benchmark:
        "results/{study}/benchmarks/summarise_ranks.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.ranks_searches else []),
    params:
        datasets=STUDY.datasets,
        searches=STUDY.contenders,
    message:
        "Ranking the searches over datasets"
    script:
        "../workflow/scripts/summarise_ranks.py"


rule summarise_correlations:
    input:
        scores=STUDY.files("scores/{dataset}.parquet"),
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("summarise_correlations"),
    output:
        table=report(
            "results/{study}/summaries/correlations.csv",
            caption="../report/captions/correlations.rst",
            category="Proxies",
        ),
    log:
        "results/{study}/logs/summarise_correlations.log",
    benchmark:
        "results/{study}/benchmarks/summarise_correlations.tsv"
    params:
        datasets=STUDY.datasets,
    message:
        "Correlating scores with accuracies"
    script:
        "../workflow/scripts/summarise_correlations.py"


rule summarise_proxies:
    input:
        scores=STUDY.files("scores/{dataset}.parquet"),
        facts=STUDY.files("scores/{dataset}.json"),
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("summarise_proxies"),
    output:
        table=report(
            "results/{study}/summaries/proxies.csv",
            caption="../report/captions/proxies-summary.rst",
            category="Proxies",
        ),
        pairs=report(
            "results/{study}/summaries/proxy-pairs.csv",
            caption="../report/captions/proxy-pairs-summary.rst",
            category="Proxies",
        ),
    log:
        "results/{study}/logs/summarise_proxies.log",
    benchmark:
        "results/{study}/benchmarks/summarise_proxies.tsv"
    params:
        datasets=STUDY.datasets,
        proxies=STUDY.scored,
    message:
        "Comparing the proxies with costs and with one another"
    script:
        "../workflow/scripts/summarise_proxies.py"


rule summarise_noise:
    input:
        first=STUDY.noise_files(1),
        second=STUDY.noise_files(2),
        scores=STUDY.files("scores/{dataset}.parquet"),
        lib=sources("summarise_noise", *STUDY.family_source(*STUDY.families)),
    output:
        table=report(
            "results/{study}/summaries/noise.csv",
            caption="../report/captions/noise-summary.rst",
            category="Proxies",
        ),
    log:
        "results/{study}/logs/summarise_noise.log",
    benchmark:
        "results/{study}/benchmarks/summarise_noise.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.measures_noise else []),
    params:
        datasets=STUDY.datasets,
        proxies=STUDY.proxies,
    message:
        "Summarising how far scores depend on chance"
    script:
        "../workflow/scripts/summarise_noise.py"


rule summarise_published:
    input:
        summary="results/{study}/summaries/search.csv",
        published=STUDY.published_files,
        lib=sources("summarise_published"),
    output:
        table=report(
            "results/{study}/summaries/published.csv",
            caption="../report/captions/published.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_published.log",
    benchmark:
        "results/{study}/benchmarks/summarise_published.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.published_summary else []),
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
        budgets=STUDY.published_budgets,
    message:
        "Comparing the searches with published ones"
    script:
        "../workflow/scripts/summarise_published.py"


rule write_run_config:
    output:
        "results/{study}/run_config.yaml",
    log:
        "results/{study}/logs/write_run_config.log",
    benchmark:
        "results/{study}/benchmarks/write_run_config.tsv"
    localrule: True
    params:
        config=config,
    message:
        "Writing the study file as it was run"
    script:
        "../workflow/scripts/write_run_config.py"


rule write_provenance:
    input:
        "results/{study}/run_config.yaml",
        STUDY.summaries,
        lib=sources("write_provenance"),
    output:
        "results/{study}/provenance.json",
    log:
        "results/{study}/logs/write_provenance.log",
    benchmark:
        "results/{study}/benchmarks/write_provenance.tsv"
    localrule: True
    params:
        benchmarks="results/{study}/benchmarks",
        blocks=STUDY.block_benchmarks(),
    message:
        "Recording commit, versions and seconds"
    script:
        "../workflow/scripts/write_provenance.py"
