"""The report: numbers, templates filled with them, the PDF, and its copy at the root.

REQUIRED INPUTS: report/ (templates, bibliography, published results), summaries, figures and tables of results/{study}/.
OUTPUTS: results/{study}/numbers.tex and .json, report.tex, refs.bib, report.pdf; report.pdf at the root.
"""


rule write_numbers:
    input:
        **STUDY.topic_inputs,
        lib=sources("write_numbers", *(source_of(topic.module) for topic in STUDY.topic_specs)),
    output:
        tex="results/{study}/numbers.tex",
        json="results/{study}/numbers.json",
    log:
        "results/{study}/logs/write_numbers.log",
    benchmark:
        "results/{study}/benchmarks/write_numbers.tsv"
    localrule: True
    params:
        topics={topic.name: parameters(topic, STUDY) for topic in STUDY.topic_specs},
    message:
        "Writing the numbers of the report"
    script:
        "../workflow/scripts/write_numbers.py"


rule render_report:
    input:
        numbers="results/{study}/numbers.tex",
        exhibits=STUDY.exhibits(),
        templates=template_files(STUDY.templates),
        lib=sources("render_report"),
    output:
        tex="results/{study}/report.tex",
        bib="results/{study}/refs.bib",
    log:
        "results/{study}/logs/render_report.log",
    benchmark:
        "results/{study}/benchmarks/render_report.tsv"
    localrule: True
    params:
        study=config,
        scored=STUDY.scored,
        printed={name: words(STUDY, name) for name in ("searches", "proxies")},
        folder=lambda wildcards: STUDY.templates,
    message:
        "Filling the templates of the report"
    script:
        "../workflow/scripts/render_report.py"


rule compile_report:
    input:
        tex="results/{study}/report.tex",
        bib="results/{study}/refs.bib",
        numbers="results/{study}/numbers.tex",
        exhibits=STUDY.exhibits(),
        lib=sources("compile_report"),
    output:
        pdf=report(
            "results/{study}/report.pdf",
            caption="../report/captions/report.rst",
            category="Report",
        ),
    log:
        "results/{study}/logs/compile_report.log",
    benchmark:
        "results/{study}/benchmarks/compile_report.tsv"
    localrule: True
    message:
        "Compiling the report with LaTeX"
    script:
        "../workflow/scripts/compile_report.py"


rule copy_report:
    input:
        asked_report,
    output:
        "report.pdf",
    log:
        STUDY.file("logs/copy_report.log"),
    benchmark:
        STUDY.file("benchmarks/copy_report.tsv")
    localrule: True
    message:
        "Copying the report to report.pdf"
    shell:
        "cp {input:q} {output:q} 2> {log:q}"
