import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from reporting_helpers import COSTLY, NOISE, ONE_SEED, SEARCHES, FakeStudy, make_everything, numbers_of

from tfnas.errors import ReportError
from tfnas.files import read_json, write_json
from tfnas.product_rules import exhibits as every_exhibit
from tfnas.proxies.registry import ensembles, get_proxy, proxy_names
from tfnas.report import latex
from tfnas.report import templates as rendering
from tfnas.report.rounding import escape
from tfnas.report.wording import interval_sign
from tfnas.scoring.ensembles import get_ensemble
from tfnas.search.registry import algorithm_names, get_algorithm

needs_latex = pytest.mark.skipif(not latex.have_latex(), reason="LaTeX is not installed")


def build(fake):
    """Make everything that a made-up study makes, in the way of its jobs, and return the arguments of render_report."""
    if len(fake.datasets) > 1:
        proxies, labels = fake.config["scoring"]["proxies"][:5], list(fake.searches)
        fake.config["scoring"]["ensemble_choice"] = {"proxies": proxies, "largest": min(4, len(proxies))}
        fake.config["search"]["leagues"] = {"all-of-them": labels, "the-last": labels[-1:]}
    study = fake.complete()
    exhibits = make_everything(study)
    numbers_of(study)
    return (
        fake.config,
        study.scored,
        Path(study.templates),
        fake.folder / "numbers.tex",
        exhibits,
        fake.folder / "report.tex",
    )


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return build(FakeStudy(tmp_path_factory.mktemp("one study"), ("digits",)))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    datasets = ("cifar10", "cifar100", "ImageNet16-120")
    return build(FakeStudy(tmp_path_factory.mktemp("three"), datasets, published=True))


@pytest.fixture(scope="module")
def costly(tmp_path_factory):
    """A study of one dataset and three proxies, with searches that mind a cost and sub-spaces."""
    study = FakeStudy(
        tmp_path_factory.mktemp("costly"), ("digits",), searches=(*SEARCHES, *COSTLY),
        proxies=("naswot", "params", "synflow"),
    )  # fmt: skip
    study.config["search"]["subspaces"] = {"all": {}, "small": {"flops": {"max": 3}}}
    return build(study)


def test_every_exhibit_is_made_and_shown(one, three, costly, root, tmp_path):
    """Nothing lists the exhibits: what has a file is made of one of these studies, and what is made is shown."""
    made = set()
    for config, scored, folder, numbers, exhibits, _ in (one, three, costly):
        rendering.render_report(config, scored, folder, numbers, exhibits, tmp_path / "report.tex")
        text = (tmp_path / "report.tex").read_text()
        for spec in every_exhibit():
            stem = spec.stem.partition("-{")[0]
            pattern = re.compile(re.escape(stem) + (r"-[\w-]+\." if spec.each else r"\."))
            files = [path for path in exhibits if pattern.search(path)]
            made |= {spec.module} if files else set()
            shown = [path for path in files if f"{Path(path).parent.name}/{Path(path).name}" in text]
            assert bool(files) == bool(shown), f"{stem} of {config['datasets']} is made and not shown"
            for path in files:
                rows = list(csv.reader(Path(path).with_suffix(".csv").open(encoding="utf-8")))
                assert len(rows) > 1, f"nothing stands behind {path}"
                assert {len(row) for row in rows} == {len(rows[0])}
                assert Path(path).read_bytes().startswith(b"%PDF") or spec.kind == "table"
                assert spec.kind == "table" or Path(path).with_suffix(".png").exists()
    assert made == {spec.module for spec in every_exhibit()}


def test_what_searches_with_a_limit_chose_is_told(costly):
    rendering.render_report(*costly)
    text = re.sub(r"\s+", " ", costly[-1].read_text())
    assert "the best search that keeps to its limit in every run is \\result{limits.digits.first.title}" in text
    assert "\\result{limits.digits.left.title} leaves its limit most often" in text
    assert "is that of \\result{fronts.digits.first.title}" in text
    assert r"\label{fig:kernels}" in text


def test_captions_say_who_is_not_ranked():
    free, kept = {"algorithm": "random_search"}, {"algorithm": "random_search", "constraint": {"params": {"max": 5}}}
    oracle = {"algorithm": "oracle", "sample": 3}
    assert rendering.unranked_words({"a": free, "o": oracle}) == "references"
    assert rendering.unranked_words({"a": free, "b": kept}) == "references and searches with a limit of cost"
    assert (
        rendering.unranked_words({"a": kept, "b": kept, "o": oracle | {"constraint": kept["constraint"]}})
        == "references"
    )


@needs_latex
@pytest.mark.parametrize("name", ["one", "three", "costly", pytest.param("every", marks=pytest.mark.slow)])
def test_the_report_compiles_and_is_the_same_twice(name, request, tmp_path):
    arguments = request.getfixturevalue(name)
    rendering.render_report(*arguments)
    tex = arguments[-1]
    latex.compile_pdf(tex, tmp_path / "first.pdf")
    log = (tex.parent / "build/report.log").read_text(errors="replace")
    assert "undefined" not in log
    assert "multiply defined" not in log
    assert not re.findall(r"Overfull \\hbox \((?:[2-9]\d|\d{3,})", log)
    if name != "one":
        return
    shutil.rmtree(tex.parent / "build")
    latex.compile_pdf(tex, tmp_path / "second.pdf")
    assert (tmp_path / "first.pdf").read_bytes() == (tmp_path / "second.pdf").read_bytes()


@pytest.mark.parametrize("scorings", [1, 3])
def test_the_report_says_over_how_many_scorings_the_spread_is(tmp_path, scorings):
    arguments = build(FakeStudy(tmp_path, ("own",), searches=("random-cell", "naswot-10"), scorings=scorings))
    rendering.render_report(*arguments)
    text = " ".join(arguments[-1].read_text().split())
    several = scorings > 1
    assert ("that always ends at the same cell of a scoring has been seen" in text) is several
    assert ("has been seen once, however many runs it has" in text) is not several
    assert ("those of searches that read scores over" in text) is several
    assert ("cameron2015practitioner" in text) is several
    assert ("between scorings" in (tmp_path / "tables/search.tex").read_text()) is several


@pytest.mark.parametrize("searches", [("random-cell",), ("random-cell", "naswot-10"), ("random-search", "area")])
def test_a_sparse_study_has_a_report(tmp_path, searches):
    study = FakeStudy(tmp_path, ("own",), searches=searches, early="area" in searches)
    arguments = build(study)
    rendering.render_report(*arguments)
    text = arguments[-1].read_text()
    assert r"\section{Discussion}" in text
    assert "None" not in text
    assert "A benchmark of our own" not in text


def test_a_benchmark_with_one_training_seed_says_that_its_noise_is_unknown(tmp_path):
    arguments = build(FakeStudy(tmp_path, ("own",), searches=("random-cell", "naswot-10"), noise=ONE_SEED))
    rendering.render_report(*arguments)
    text = arguments[-1].read_text()
    assert "A benchmark of our own" in text
    assert "with a single training seed" in text
    assert "several training seeds" not in text
    assert "kinder guide" not in text
    assert "None" not in text
    assert "noise.own.noise" not in text


@pytest.mark.parametrize(("noise", "words"), [(0.0001, "not more than the"), (10.0, "Which of them is")])
def test_the_gap_of_the_best_cells_is_held_against_the_noise_of_means(tmp_path, noise, words):
    facts = NOISE | {"noise_of_mean_top_100": noise}
    arguments = build(FakeStudy(tmp_path, ("own",), searches=("random-cell",), noise=facts))
    rendering.render_report(*arguments)
    text = arguments[-1].read_text()
    assert words in text
    assert r"\result{noise.own.clock}" in text
    assert r"\result{noise.own.reliability}" in text


def test_transfer_is_told_for_searches_without_a_budget_only(tmp_path, three):
    rendering.render_report(*three)
    assert "only searches that train nothing tell what transfer costs" in three[-1].read_text()
    trained = FakeStudy(tmp_path, ("cifar10", "cifar100"), searches=("random-cell", "random-search"))
    arguments = build(trained)
    rendering.render_report(*arguments)
    assert r"\paragraph{Transfer.}" not in arguments[-1].read_text()


def test_captions_say_what_was_computed_from_published_scores(one, three):
    rendering.render_report(*three)
    text = three[-1].read_text()
    assert r"computed from what they published (Table~\ref{tab:published-searches} says what)" in " ".join(text.split())
    assert r"\label{tab:published-correlations}" in text
    assert re.search(r"\\result\{batch\.ImageNet16-120\.images\} training\nimages", text)
    rendering.render_report(*one)
    assert "computed from published" not in one[-1].read_text()


def test_captions_count_the_cells_of_the_ground_truth(one):
    rendering.render_report(*one)
    text = one[-1].read_text()
    assert r"histogram of the accuracies of all \result{study.cells} cells" in text
    assert r"validation accuracy of all \result{study.cells} cells" in text
    assert r"their mean over runs is at most \result{study.wall_seconds_max}\,s" in text


def test_titles_of_studies_are_escaped(one):
    rendering.render_report(*one)
    assert r"\title{50 \% of a\_b \& c}" in one[-1].read_text()


def test_the_title_page_names_the_study(one):
    """A copy of the report lies at the root, where those of several studies take turns."""
    study = one[0] | {"study": "of-mine"}
    rendering.render_report(study, *one[1:])
    title = one[-1].read_text().partition(r"\maketitle}")[2].partition(r"\begin{document}")[0]
    assert r"Study \texttt{of-mine}" in title
    rendering.render_report(*one)


def test_captions_say_how_intervals_of_correlations_are_made(one, root):
    """In the section where proxies are few; the appendix has the table where they are many."""
    rendering.render_report(*one)
    told = " ".join(one[-1].read_text().split())
    place = told.index(r"\label{tab:correlations}")
    caption = told[told.rindex(r"\caption{", 0, place) : place]
    appendix = " ".join((root / "report/appendix/15-proxies.tex").read_text(encoding="utf-8").split())
    for text in (caption, appendix):
        for words in (r"95\,\%", "influence of each cell", r"\citep{croux2010influence}", "counted as one"):
            assert words in text


def test_what_a_prior_does_is_told_in_abstract_discussion_and_conclusion(one, tmp_path):
    rendering.render_report(*one)
    assert "skip term, a prior" not in one[-1].read_text()
    study = FakeStudy(tmp_path / "prior", ("digits",))
    study.searches["naswot-100"] = {"algorithm": "freerea"}
    arguments = build(study)
    rendering.render_report(*arguments)
    text = " ".join(arguments[-1].read_text().split())
    assert text.count("skip term, a prior on where operations lie") == 3
    assert r"\result{prior.digits.size} points behind \result{best.digits.non-weight-sharing.title}" in text
    assert r"the best training-free search loses \result{prior.digits.owed.size}" in text


def test_searches_are_set_against_each_other_where_there_are_two(one, three, tmp_path):
    shared = {r"\label{fig:comparisons}", r"\label{tab:comparisons}", r"\label{tab:regret}"}
    for arguments, ranked in ((one, False), (three, True)):
        rendering.render_report(*arguments)
        text = arguments[-1].read_text()
        assert all(text.count(label) == 1 for label in shared)
        assert (r"\label{fig:critical}" in text) == ranked
        assert "These runs do not decide between the two" in text
        assert "Numbers: mean paired difference" in text
    assert r"one search ranks that far behind the first" in three[-1].read_text()
    alone = build(FakeStudy(tmp_path, ("own",), searches=("area",)))
    rendering.render_report(*alone)
    text = alone[-1].read_text()
    assert [label for label in shared if label in text] == [r"\label{tab:regret}"]
    assert "told apart" not in text


def test_what_was_chosen_elsewhere_is_reported_where_it_was_chosen(one, three):
    labels = [
        rf"\label{{{name}}}"
        for name in ("sec:held-out", "tab:ensemble-choice", "tab:ensemble-top", "tab:leagues", "app:leagues")
    ]
    rendering.render_report(*three)
    text = three[-1].read_text()
    assert [text.count(label) for label in labels] == [1] * len(labels)
    assert r"\result{chosen.ensemble.cifar100.spearman}" in text
    assert r"\emph{all-of-them} the one chosen elsewhere" in text
    assert r"\emph{the-last}" not in text, "of a single search nothing is chosen"
    assert text.index("Which differences are real?") < text.index(labels[0]) < text.index("Do searches find what")
    rendering.render_report(*one)
    assert not [label for label in labels if label in one[-1].read_text()]


def test_abstract_and_conclusion_begin_with_who_leads_at_equal_time(one, three):
    for arguments in (one, three):
        rendering.render_report(*arguments)
        text = arguments[-1].read_text()
        dataset = "Digits" if arguments is one else "CIFAR-10"
        for place in (r"\begin{abstract}\noindent", r"\label{sec:conclusion}"):
            first = re.sub(r"\s+", " ", text.partition(place)[2]).strip()
            assert re.match(
                rf"At \\result\{{equal\.\w+\.early\.seconds\}}\\,s of total time on {dataset}, the best ", first
            )
        assert text.count(r"\label{sec:equal-time}") == text.count(r"\label{fig:queries}") == 1


def test_prose_holds_no_typed_results(root):
    """No decimals, no percentages: numbers come from files. Lengths and the level of intervals may stand."""
    templates = re.compile(r"\(\(=.*?=\)\)|\(\(\*.*?\*\)\)|\(\(\(.*?\)\)\)", flags=re.DOTALL)
    allowed = re.compile(r"-?\d*\.?\d+\s*(?:\\linewidth|em|pt|ex|mm|cm)|95\\,\\%")
    for path in rendering.template_files(root / "report"):
        if path.endswith((".bib", "main.tex")):
            continue
        text = allowed.sub("", templates.sub("", open(path, encoding="utf-8").read()))
        typed = re.findall(r"\S*\d+\.\d+\S*|\d+\s*(?:\\,|~)?\s*\\%\S*", text)
        assert not typed, f"{path}: {typed}"


def test_every_number_in_the_text_is_defined(one, three):
    for arguments in (one, three):
        rendering.render_report(*arguments)
        used = set(re.findall(r"\\result\{([^}#]+)\}", arguments[-1].read_text()))
        assert used <= set(read_json(arguments[3].with_suffix(".json")))
        assert len(used) > 50


def folder_with(tmp_path, text, bibliography="@misc{a2020b,\n}\n"):
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "main.tex").write_text(text)
    (folder / "refs.bib").write_text(bibliography)
    return folder


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('((( num("no.such") )))', r"main.tex', line 1: it asks for the number 'no.such', which no result file gives"),
        ('\n\n((( figure("nothing") )))', r"main.tex', line 3: it shows the figure 'nothing', which this "),
        ('((( figure("search-spaces") )))', r"\(did you mean search-space\?\): mend the name, guard it with has_f"),
        ('((( table("search-space") )))', "shows the table 'search-space', which this study does not make"),
        ("\n((* if *))", r"main.tex', line 2: "),
        ("((( nothing )))", r"main.tex', line 1: it uses a name that does not exist: 'nothing' is undefined"),
        ('((* include "gone.tex" *))', "holds no template 'gone.tex'"),
        (r"\citep{a2020b,gone1999x}", "cites gone1999x, which .*refs.bib' lacks: add an entry"),
    ],
)
def test_a_wrong_template_is_named(one, tmp_path, text, message):
    folder = folder_with(tmp_path, text)
    with pytest.raises(ReportError, match=message):
        rendering.render_report(*one[:2], folder, *one[3:5], tmp_path / "out" / "report.tex")
    assert not (tmp_path / "out" / "report.tex").exists()


def test_delimiters_leave_tex_alone(one, tmp_path):
    text = "{{a}} {%\n#1 ((a)) $(b)$ % c\n((* if true *))\nyes\n((* endif *))\n((= no =))((( study.study )))\n"
    folder = folder_with(tmp_path, text)
    rendering.render_report(*one[:2], folder, *one[3:5], tmp_path / "report.tex")
    assert (tmp_path / "report.tex").read_text() == "{{a}} {%\n#1 ((a)) $(b)$ % c\nyes\nfake\n"


def test_a_chapter_is_one_file(one, root, tmp_path):
    folder = tmp_path / "report"
    shutil.copytree(root / "report", folder)
    (folder / "sections/55-more.tex").write_text("\\section{More}\n")
    rendering.render_report(*one[:2], folder, *one[3:5], tmp_path / "report.tex")
    text = (tmp_path / "report.tex").read_text()
    assert text.index("Do scores order cells") < text.index(r"\section{More}") < text.index("What do searches find")
    assert str(folder / "sections/55-more.tex") in rendering.template_files(folder)
    assert not any("captions" in path or "published.yaml" in path for path in rendering.template_files(folder))


def test_a_search_without_a_description_is_described_by_its_registry(one, root, tmp_path):
    folder = tmp_path / "report"
    shutil.copytree(root / "report", folder)
    (folder / "algorithms/area.tex").unlink()
    (folder / "proxies/naswot.tex").unlink()
    rendering.render_report(*one[:2], folder, *one[3:5], tmp_path / "report.tex")
    text = (tmp_path / "report.tex").read_text()
    assert escape(get_algorithm("area").summary) in text
    assert get_proxy("naswot").formula in text


def test_an_ensemble_is_reported_like_a_proxy(tmp_path):
    study = FakeStudy(tmp_path / "study", ("digits",), ensembles=("az_nas", "tfnas_ensemble"))
    arguments = build(study)
    rendering.render_report(*arguments)
    text = arguments[-1].read_text()
    assert escape(get_ensemble("tfnas_ensemble").summary) in text
    assert "]{}" not in text, "what is this project's own cites nobody"
    assert get_ensemble("az_nas").formula in text
    assert escape(get_ensemble("az_nas").summary) in text
    assert "scatter-az_nas.pdf" in text
    assert "AZ-NAS" in (study.folder / "tables/correlations.tex").read_text()
    assert read_json(study.folder / "numbers.json")["title.proxy.az_nas"]["value"] == "AZ-NAS"


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """A study of every proxy and ensemble on three datasets, with published values and noise."""
    datasets = ("cifar10", "cifar100", "ImageNet16-120")
    folder = tmp_path_factory.mktemp("every")
    names = {"proxies": tuple(proxy_names()), "ensembles": tuple(ensembles())}
    return build(FakeStudy(folder, datasets, published=True, **names))


def test_many_proxies_are_compared(every, one):
    rendering.render_report(*every)
    text = every[-1].read_text()
    labels = (
        "tab:ranking",
        "tab:quality",
        "tab:proxies",
        "tab:published-correlations",
        "fig:pairs",
        "tab:correlations",
    )
    for label in labels:
        assert text.count(rf"\label{{{label}}}") == 1
    for words in ("Which proxy orders best", "Which proxies say the same", "How much of a score is chance"):
        assert words in text
    assert "None" not in text
    rendering.render_report(*one)
    alone = one[-1].read_text()
    assert set(re.findall(r"\\ref\{([^}]+)\}", alone)) <= set(re.findall(r"\\label\{([^}]+)\}", alone))
    for label in ("tab:ranking", "fig:pairs", "tab:published-correlations"):
        assert label not in alone
    assert r"\label{tab:quality}" in alone


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 0.2, "knows something that the size"),
        (-0.2, -0.1, "points the wrong way"),
        (-0.1, 0.1, "than the size of a network is not shown"),
    ],
)
def test_the_text_on_size_follows_the_interval(one, tmp_path, low, high, words):
    config, scored, folder, numbers, exhibits, _ = one
    shown = read_json(numbers.with_suffix(".json"))
    shown["order.digits.naswot.partial_sign"]["value"] = interval_sign(low, high)
    write_json(tmp_path / "numbers.json", shown)
    rendering.render_report(config, scored, folder, tmp_path / "numbers.tex", exhibits, tmp_path / "report.tex")
    assert words in " ".join((tmp_path / "report.tex").read_text().split())


INDICES = set("bcehijklmnptvwy")
"""Letters that only count."""


def test_every_symbol_of_a_formula_is_explained():
    for name in proxy_names():
        proxy = get_proxy(name)
        bare = re.sub(r"\\(?:operatorname|mathrm|text)\{[^}]*\}", "", proxy.formula)
        letters = set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", bare)) - INDICES
        greek = {word for word in ("lambda", "Theta", "sigma", "mu", "Delta", "aleph") if f"\\{word}" in bare}
        told = proxy.where + " " + bare.partition(r"\quad")[2]
        missing = {letter for letter in letters if not re.search(rf"(?<![A-Za-z]){letter}(?![A-Za-z])", told)}
        missing |= {word for word in greek if f"\\{word}" not in told}
        assert not missing, f"{name}: {missing}"


def test_facts_about_proxies_that_were_told_the_wrong_way_round(root):
    assert "How little" in get_proxy("epe_nas").summary, (
        "a sum of magnitudes of logarithms is large for small correlations"
    )
    assert "halves" in get_proxy("zico").summary
    for name, origin in {"snip": "lee2019snip", "grasp": "wang2020grasp", "fisher": "theis2018fisher"}.items():
        assert origin in get_proxy(name).origins
    text = (root / "report/proxies/naswot.tex").read_text()
    assert r"\tfrac{N_A}{2}(I+\mathbf{1}\mathbf{1}^{\top})" in text
    assert "multiple of the identity" not in text


def test_independent_codes_have_the_kernel_that_the_report_names():
    codes = np.random.default_rng(0).integers(0, 2, (6, 40_000))
    kernel = codes @ codes.T + (1 - codes) @ (1 - codes).T
    assert np.allclose(kernel / (codes.shape[1] / 2), np.eye(6) + 1, atol=0.03)


def test_references_of_registries_stand_in_the_bibliography(root):
    known = set(re.findall(r"^@\w+\{([^,\s]+),", (root / "report/refs.bib").read_text(), flags=re.MULTILINE))
    cited = {get_algorithm(name).reference for name in algorithm_names()} - {""}
    cited |= {key for name in proxy_names() for key in (get_proxy(name).reference[0], *get_proxy(name).origins)}
    assert cited <= known


@needs_latex
def test_an_error_of_latex_is_quoted(tmp_path):
    tex = tmp_path / "report.tex"
    tex.write_text("\\documentclass{article}\n\\begin{document}\n\\nosuchcommand\n\\end{document}\n")
    with pytest.raises(
        ReportError, match=r"! Undefined control sequence. l.3 \\nosuchcommand \(see '.*build/report.log'\)"
    ):
        latex.compile_pdf(tex, tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()


@needs_latex
def test_a_missing_exhibit_is_named(tmp_path):
    tex = tmp_path / "report.tex"
    tex.write_text("\\documentclass{article}\n\\begin{document}\n\\input{tables/gone.tex}\n\\end{document}\n")
    with pytest.raises(ReportError, match=r"shows 'tables/gone\.tex', which does not exist"):
        latex.compile_pdf(tex, tmp_path / "report.pdf")


def test_without_latex_the_sentence_has_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not latex.have_latex()
    with pytest.raises(ReportError, match=r"LaTeX is not installed.*sudo apt-get install .*latexmk.*lmodern"):
        latex.compile_pdf(tmp_path / "report.tex", tmp_path / "report.pdf")


def test_the_first_error_of_a_log(tmp_path):
    assert latex.first_error(tmp_path / "none.log") == "latexmk wrote no log"
    (tmp_path / "a.log").write_text("fine\n")
    assert latex.first_error(tmp_path / "a.log") == "the log holds no error line"
