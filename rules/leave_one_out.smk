"""Choices made without the dataset they are judged on: ensembles of proxies, and the search of a league.

REQUIRED INPUTS: for ensembles (`scoring.ensemble_choice`) the score tables and the ground truth of all datasets; for
leagues (`search.leagues`) results/{study}/summaries/regret.csv.
OUTPUTS: results/{study}/summaries/{ensemble-choice,leagues}.csv and .json, tables/{ensemble-choice,ensemble-top,leagues,
league-searches}.tex.
"""


rule summarise_ensemble_choice:
    input:
        scores=STUDY.files("scores/{dataset}.parquet"),
        truths=STUDY.files("truth/{dataset}.parquet"),
        lib=sources("summarise_ensemble_choice"),
    output:
        table=report(
            "results/{study}/summaries/ensemble-choice.csv",
            caption="../report/captions/ensemble-choice.rst",
            category="Proxies",
        ),
        facts="results/{study}/summaries/ensemble-choice.json",
    log:
        "results/{study}/logs/summarise_ensemble_choice.log",
    benchmark:
        "results/{study}/benchmarks/summarise_ensemble_choice.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.ensemble_choice["proxies"] else []),
    params:
        datasets=STUDY.datasets,
        proxies=STUDY.ensemble_choice["proxies"],
        largest=STUDY.ensemble_choice["largest"],
    message:
        "Choosing an ensemble for every dataset by the accuracies of the others"
    script:
        "../workflow/scripts/summarise_ensemble_choice.py"


rule tabulate_ensemble_choice:
    input:
        summary="results/{study}/summaries/ensemble-choice.csv",
        lib=sources("tabulate_ensemble_choice"),
    output:
        table="results/{study}/tables/ensemble-choice.tex",
        top="results/{study}/tables/ensemble-top.tex",
    log:
        "results/{study}/logs/tabulate_ensemble_choice.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_ensemble_choice.tsv"
    localrule: True
    message:
        "Writing the tables of ensembles chosen elsewhere"
    script:
        "../workflow/scripts/tabulate_ensemble_choice.py"


rule summarise_leagues:
    input:
        regret="results/{study}/summaries/regret.csv",
        lib=sources("summarise_leagues"),
    output:
        table=report(
            "results/{study}/summaries/leagues.csv",
            caption="../report/captions/leagues.rst",
            category="Searches",
        ),
    log:
        "results/{study}/logs/summarise_leagues.log",
    benchmark:
        "results/{study}/benchmarks/summarise_leagues.tsv"
    wildcard_constraints:
        study=one_of([STUDY.name] if STUDY.leagues else []),
    params:
        datasets=STUDY.datasets,
        leagues=STUDY.leagues,
    message:
        "Choosing a search of every league for every dataset by the regret on the others"
    script:
        "../workflow/scripts/summarise_leagues.py"


rule tabulate_leagues:
    input:
        summary="results/{study}/summaries/leagues.csv",
        lib=sources("tabulate_leagues"),
    output:
        table="results/{study}/tables/leagues.tex",
        searches="results/{study}/tables/league-searches.tex",
    log:
        "results/{study}/logs/tabulate_leagues.log",
    benchmark:
        "results/{study}/benchmarks/tabulate_leagues.tsv"
    localrule: True
    params:
        datasets=STUDY.datasets,
        searches=STUDY.searches,
    message:
        "Writing the tables of searches chosen elsewhere"
    script:
        "../workflow/scripts/tabulate_leagues.py"
