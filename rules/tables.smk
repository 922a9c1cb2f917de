"""Tables of the report: one tabular each; captions stand in the templates.

REQUIRED INPUTS: summaries, mini-batches, ground truth, score tables and provenance of results/{study}/.
OUTPUTS: results/{study}/tables/*.tex.
"""


rule tabulate_setup:
    input:
        batches=STUDY.files("batches/{dataset}.json"),
        truths=STUDY.files("truth/{dataset}.parquet"),
        scores=STUDY.files("scores/{dataset}.parquet"),
        lib=sources("tabulate_setup"),
    output:
        table="results/{study}/tables/setup.tex",
    log:
        "results/{study}/logs/tabulate_setup.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_setup.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        study=config,
    message:
        "Writing the table of the setup"
    script:
        "../workflow/scripts/tabulate_setup.py"


rule tabulate_settings:
    input:
        lib=sources("tabulate_settings"),
    output:
        table="results/{study}/tables/settings.tex",
    log:
        "results/{study}/logs/tabulate_settings.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_settings.tsv"
    localrule: True
    params:
        searches=STUDY.searches,
    message:
        "Writing the table of search settings"
    script:
        "../workflow/scripts/tabulate_settings.py"


rule tabulate_best_cells:
    input:
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("tabulate_best_cells"),
    output:
        table="results/{study}/tables/best-cells.tex",
    log:
        "results/{study}/logs/tabulate_best_cells.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_best_cells.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Writing the table of the best cells"
    script:
        "../workflow/scripts/tabulate_best_cells.py"


rule tabulate_correlations:
    input:
        correlations="results/{study}/summaries/correlations.csv",
        lib=sources("tabulate_correlations"),
    output:
        table="results/{study}/tables/correlations.tex",
    log:
        "results/{study}/logs/tabulate_correlations.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_correlations.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Writing the table of correlations"
    script:
        "../workflow/scripts/tabulate_correlations.py"


rule tabulate_proxies:
    input:
        correlations="results/{study}/summaries/correlations.csv",
        lib=sources("tabulate_proxies", *STUDY.family_source(*STUDY.families)),
    output:
        table="results/{study}/tables/proxies.tex",
    log:
        "results/{study}/logs/tabulate_proxies.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_proxies.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        names=STUDY.scored,
    message:
        "Writing what every proxy needs and takes"
    script:
        "../workflow/scripts/tabulate_proxies.py"


rule tabulate_first_cells:
    input:
        quality="results/{study}/summaries/proxies.csv",
        correlations="results/{study}/summaries/correlations.csv",
        lib=sources("tabulate_first_cells"),
    output:
        table="results/{study}/tables/first-cells.tex",
    log:
        "results/{study}/logs/tabulate_first_cells.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_first_cells.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        names=STUDY.scored,
    message:
        "Writing what stands at the top of every order"
    script:
        "../workflow/scripts/tabulate_first_cells.py"


rule tabulate_quality:
    input:
        quality="results/{study}/summaries/proxies.csv",
        correlations="results/{study}/summaries/correlations.csv",
        noise=STUDY.noise_summary,
        lib=sources("tabulate_quality"),
    output:
        table="results/{study}/tables/quality.tex",
    log:
        "results/{study}/logs/tabulate_quality.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_quality.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        names=STUDY.scored,
    message:
        "Writing how good and how stable every score is"
    script:
        "../workflow/scripts/tabulate_quality.py"


rule tabulate_ranking:
    input:
        correlations="results/{study}/summaries/correlations.csv",
        lib=sources("tabulate_ranking"),
    output:
        table="results/{study}/tables/ranking.tex",
    log:
        "results/{study}/logs/tabulate_ranking.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_ranking.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        names=STUDY.scored,
    message:
        "Writing the ranking of proxies"
    script:
        "../workflow/scripts/tabulate_ranking.py"


rule tabulate_published_correlations:
    input:
        correlations="results/{study}/summaries/correlations.csv",
        published=STUDY.published_files,
        lib=sources("tabulate_published_correlations"),
    output:
        table="results/{study}/tables/published-correlations.tex",
    log:
        "results/{study}/logs/tabulate_published_correlations.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_published_correlations.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        names=STUDY.scored,
    message:
        "Writing our correlations beside published ones"
    script:
        "../workflow/scripts/tabulate_published_correlations.py"


rule tabulate_published_searches:
    input:
        against="results/{study}/summaries/published.csv",
        published=STUDY.published_files,
        lib=sources("tabulate_published_searches"),
    output:
        table="results/{study}/tables/published-searches.tex",
    log:
        "results/{study}/logs/tabulate_published_searches.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_published_searches.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing our searches beside published ones"
    script:
        "../workflow/scripts/tabulate_published_searches.py"


rule tabulate_searches:
    input:
        summary="results/{study}/summaries/search.csv",
        published=STUDY.published_files,
        lib=sources("tabulate_searches"),
    output:
        table="results/{study}/tables/search.tex",
    log:
        "results/{study}/logs/tabulate_searches.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_searches.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing the table of searches"
    script:
        "../workflow/scripts/tabulate_searches.py"


rule tabulate_transfer:
    input:
        summary="results/{study}/summaries/search.csv",
        published=STUDY.published_files,
        lib=sources("tabulate_transfer"),
    output:
        table="results/{study}/tables/transfer.tex",
    log:
        "results/{study}/logs/tabulate_transfer.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_transfer.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing the table of transfer"
    script:
        "../workflow/scripts/tabulate_transfer.py"


rule tabulate_regret:
    input:
        regret="results/{study}/summaries/regret.csv",
        lib=sources("tabulate_regret"),
    output:
        table="results/{study}/tables/regret.tex",
    log:
        "results/{study}/logs/tabulate_regret.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_regret.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing the table of regret"
    script:
        "../workflow/scripts/tabulate_regret.py"


rule tabulate_comparisons:
    input:
        comparisons="results/{study}/summaries/comparisons.csv",
        regret="results/{study}/summaries/regret.csv",
        lib=sources("tabulate_comparisons"),
    output:
        table="results/{study}/tables/comparisons.tex",
    log:
        "results/{study}/logs/tabulate_comparisons.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_comparisons.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing every search against the best"
    script:
        "../workflow/scripts/tabulate_comparisons.py"


rule tabulate_times:
    input:
        summary="results/{study}/summaries/search.csv",
        lib=sources("tabulate_times"),
    output:
        table="results/{study}/tables/times.tex",
    log:
        "results/{study}/logs/tabulate_times.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_times.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing the table of times"
    script:
        "../workflow/scripts/tabulate_times.py"


rule tabulate_prices:
    input:
        prices="results/{study}/summaries/prices.csv",
        lib=sources("tabulate_prices"),
    output:
        table="results/{study}/tables/prices.tex",
    log:
        "results/{study}/logs/tabulate_prices.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_prices.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing the table of prices"
    script:
        "../workflow/scripts/tabulate_prices.py"


rule tabulate_equal_time:
    input:
        table="results/{study}/summaries/equal-time.csv",
        lib=sources("tabulate_equal_time"),
    output:
        tex="results/{study}/tables/equal-time.tex",
    log:
        "results/{study}/logs/tabulate_equal_time.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_equal_time.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing the table of groups of searches at equal time"
    script:
        "../workflow/scripts/tabulate_equal_time.py"


rule tabulate_contract:
    input:
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("tabulate_contract"),
    output:
        table="results/{study}/tables/contract.tex",
    log:
        "results/{study}/logs/tabulate_contract.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_contract.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Writing what every accuracy means"
    script:
        "../workflow/scripts/tabulate_contract.py"


rule tabulate_provenance:
    input:
        scores=STUDY.files("scores/{dataset}.parquet"),
        provenance="results/{study}/provenance.json",
        lib=sources("tabulate_provenance"),
    output:
        table="results/{study}/tables/provenance.tex",
    log:
        "results/{study}/logs/tabulate_provenance.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_provenance.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
    message:
        "Writing the table of provenance"
    script:
        "../workflow/scripts/tabulate_provenance.py"
