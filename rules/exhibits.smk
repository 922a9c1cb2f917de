"""Exhibits: the figures and tables of the report, each with the CSV behind it, one file each in src/tfnas/report/exhibits.

REQUIRED INPUTS: what each names under `needs`: summaries, ground truth, score tables of results/{study}/.
OUTPUTS: results/{study}/figures/*.pdf, .png (for `snakemake --report`) and .csv; results/{study}/tables/*.tex and .csv.
"""

for EXHIBIT in STUDY.exhibit_specs:

    rule:
        name:
            EXHIBIT.rule
        input:
            **inputs(EXHIBIT, STUDY),
            lib=sources("make_exhibit", source_of(EXHIBIT.module)),
        output:
            **shown(EXHIBIT),
        log:
            f"{STUDY.folder}/logs/{EXHIBIT.job}.log",
        benchmark:
            f"{STUDY.folder}/benchmarks/{EXHIBIT.job}.tsv"
        localrule: EXHIBIT.local
        params:
            **parameters(EXHIBIT, STUDY),
        message:
            EXHIBIT.message
        script:
            "../workflow/scripts/make_exhibit.py"
