"""Summaries and exhibits: one file declares all; what is declared wrongly is one sentence."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from reporting_helpers import SEARCHES, FakeStudy, make_everything, make_product

from tfnas import product_rules, products
from tfnas.errors import ConfigError
from tfnas.product_rules import exhibits, inputs, parameters, read_spec, source_of, summaries, topics, words
from tfnas.products import Exhibit, Summary

HEAD = '''"""Something."""

import something_that_is_not_installed

raise RuntimeError("this module was run")

'''
"""Begin of a module that cannot be imported."""


def write(folder, text, name="mine", head=HEAD):
    path = folder / f"{name}.py"
    path.write_text(head + text, encoding="utf-8")
    return path


def declare(**more):
    return Exhibit(**{"kind": "table", "name": "mine", "category": "Mine", **more})


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("study"), ("cifar10", "cifar100"), measured=False)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A library of one's own with two packages, and nothing remembered of the real one."""
    for name in ("analysis", "report/exhibits"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(product_rules, "PACKAGE", tmp_path)
    for registry in (summaries, exhibits, topics):
        registry.cache_clear()
    yield tmp_path
    for registry in (summaries, exhibits, topics):
        registry.cache_clear()


def test_a_spec_is_read_without_running_its_module(tmp_path):
    text = 'SPEC = Summary(category="Mine", when=lambda study: study.good)\n'
    spec = read_spec(write(tmp_path, text))
    assert (spec.name, type(spec)) == ("mine", Summary)
    assert spec.when(SimpleNamespace(good=True))
    assert read_spec(write(tmp_path, "OTHER = 1\n", "helper")) is None


def test_name_and_message_of_a_product_are_those_of_its_module(tmp_path):
    spec = read_spec(write(tmp_path, 'SPEC = Exhibit(kind="table", category="Mine", each="dataset")\n', "my_own_table"))
    assert (spec.name, spec.message, spec.local) == ("my-own", "Something: {wildcards.dataset}", True)
    spec = read_spec(write(tmp_path, 'SPEC = Summary(category="Mine", name="other")\n', "my_own"))
    assert (spec.name, spec.message, spec.local) == ("other", "Something", False)


def test_an_unknown_name_in_a_spec_is_one_sentence(tmp_path):
    path = write(tmp_path, "SPEC = Summary(category=CATEGORY)\n")
    said = rf"^The SPEC of '{re.escape(str(path))}' cannot be read: name 'CATEGORY' is not defined; it may use [^.]*\.$"
    with pytest.raises(ConfigError, match=said):
        read_spec(path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('category="Mine", nedes={}', "unexpected keyword argument 'nedes'"),
        ("needs={}", "missing 1 required keyword-only argument: 'category'"),
    ],
)
def test_a_wrong_argument_of_a_spec_is_one_sentence(tmp_path, given, said):
    path = write(tmp_path, f"SPEC = Summary({given})\n")
    with pytest.raises(ConfigError, match=rf"^The SPEC of '{re.escape(str(path))}' cannot be read: .*{said}.*\.$"):
        read_spec(path)


def test_a_need_that_no_module_makes_is_one_sentence(fake):
    spec = declare(needs={"table": "summaries/regrets.csv"}, module="tfnas.report.exhibits.mine")
    said = "'tfnas.report.exhibits.mine' needs 'summaries/regrets.csv', which no module of tfnas.analysis makes."
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        inputs(spec, fake.study)


def test_a_file_is_all_that_an_exhibit_takes(package):
    text = 'SPEC = Exhibit(kind="{}", name="{}", category="Mine", each="{}")\n'
    folder = package / "report/exhibits"
    write(folder, text.format("figure", "second", "dataset"), "b")
    write(folder, text.format("table", "first", ""), "a")
    write(folder, "", "helper")
    write(package / "analysis", 'SPEC = Summary(category="Mine", also={"b": "two.csv"})\n', "one")
    first, second = exhibits()
    assert (first.module, source_of(first.module)) == ("tfnas.report.exhibits.a", folder / "a.py")
    assert (first.rule, first.job, first.outputs) == (
        "tabulate_first", "tabulate_first", {"tex": "tables/first.tex", "csv": "tables/first.csv"},
    )  # fmt: skip
    assert (second.rule, second.job) == ("draw_second", "draw_second/{dataset}")
    assert second.outputs == {ending: f"figures/second-{{dataset}}.{ending}" for ending in ("pdf", "png", "csv")}
    [one] = summaries()
    assert (one.rule, one.files) == ("summarise_one", {"table": "one.csv", "b": "two.csv"})
    assert one.outputs == {
        "table": "summaries/one.csv", "b": "summaries/two.csv", "table_facts": "summaries/one.json",
        "b_facts": "summaries/two.json",
    }  # fmt: skip


def test_names_of_rules_are_those_of_one_product():
    rules = [spec.rule for spec in (*summaries(), *exhibits())]
    assert len(rules) == len(set(rules))
    outputs = [path for spec in (*summaries(), *exhibits()) for path in spec.outputs.values()]
    assert len(outputs) == len(set(outputs))


@pytest.mark.parametrize("spec", [*summaries(), *exhibits()], ids=lambda spec: spec.module)
def test_every_product_says_what_its_make_reads(spec):
    """What make asks of its inputs and parameters is declared, and what is declared is asked for."""
    text = source_of(spec.module).read_text(encoding="utf-8")
    asked = {kind: set(re.findall(rf"\b{kind}\.(\w+)", text)) for kind in ("inputs", "params", "output")}
    unread = {"facts"}  # tables are read with the facts beside them
    assert asked["inputs"] <= set(spec.needs)
    assert set(spec.needs) - asked["inputs"] <= unread
    assert asked["params"] <= {*spec.params, spec.each}
    assert set(spec.params) <= asked["params"]
    assert asked["output"] <= set(spec.outputs)


def test_an_optional_summary_that_a_study_does_not_make_is_none(fake, monkeypatch):
    quality = next(spec for spec in exhibits() if spec.name == "quality")
    assert inputs(quality, fake.study)["noise"] == []
    seen = []
    monkeypatch.setattr("tfnas.report.exhibits.quality.make", lambda inputs, *_: seen.append(inputs))
    make_product(quality, fake.study)
    assert seen[0].noise is None
    assert seen[0].quality == fake.study.file("summaries/proxies.csv")
    fake.config["scoring"]["noise_cells"] = 64
    make_product(quality, fake.study)
    assert seen[1].noise == fake.study.file("summaries/noise.csv")
    fake.config["scoring"]["noise_cells"] = 0


def test_files_of_all_datasets_are_told_by_name_and_those_of_a_function_in_a_list(fake):
    study = fake.study
    spec = declare(
        needs={
            "truths": "truth/{dataset}.parquet", "runs": lambda study: ["a", "b"], "one": "provenance.json",
            "named": lambda study: {"x": "c"}, "none": lambda study: [],
        },
        params={"many": lambda study: len(study.datasets), "searches": "searches"}, prints=("searches",), module="m",
    )  # fmt: skip
    needed, values = inputs(spec, study), parameters(spec, study)
    assert needed["truths"] == [study.file(f"truth/{dataset}.parquet") for dataset in study.datasets]
    assert (needed["runs"], needed["named"], needed["none"]) == (["a", "b"], ["c"], [])
    assert needed["one"] == study.file("provenance.json")
    assert values["named"] == {"truths": ["cifar10", "cifar100"], "named": ["x"]}
    assert (values["many"], values["searches"], values["module"]) == (2, study.searches, "m")
    assert set(values["printed"]) == {"searches"}


def test_a_job_hands_make_what_it_declares(monkeypatch):
    needs = {
        "truths": "truth/{dataset}.parquet", "one": "a.csv", "gone": "b.csv", "files": lambda study: [],
        "named": lambda study: {},
    }  # fmt: skip
    seen = {}

    def make(inputs, params, output):
        seen.update(inputs=vars(inputs), params=vars(params), output=vars(output))

    module = SimpleNamespace(SPEC=declare(needs=needs), make=make)
    monkeypatch.setattr(products.importlib, "import_module", {"mine": module}.get)
    job = {
        "params": {"module": "mine", "named": {"truths": ["x", "y"], "named": ["z"]}, "printed": {}, "seed": 3},
        "input": {"truths": ["1", "2"], "one": "3", "gone": [], "files": ["4", "5"], "named": ["6"]},
        "output": {"tex": "t.tex", "csv": "t.csv"},
        "wildcards": {"dataset": "x"},
    }
    products.make(SimpleNamespace(**job))
    assert seen["inputs"] == {
        "truths": {"x": "1", "y": "2"}, "one": "3", "gone": None, "files": ["4", "5"], "named": {"z": "6"},
    }  # fmt: skip
    assert seen["params"] == job["params"] | job["wildcards"]
    assert seen["output"] == {"tex": "t.tex", "csv": "t.csv"}


def test_one_for_each_dataset_or_proxy(fake):
    study = fake.study
    spec = declare(kind="figure", each="dataset", needs={"batch": "batches/{dataset}.npz"})
    assert inputs(spec, study)["batch"] == study.file("batches/{dataset}.npz"), "the rule fills the wildcard"
    assert spec.files(study) == [study.file(f"figures/mine-{dataset}.pdf") for dataset in study.datasets]
    first = declare(each="proxy", shown=lambda study: study.scored[:1])
    assert first.files(study) == [study.file("tables/mine-naswot.tex")]
    assert declare().files(study) == [study.file("tables/mine.tex")]


def test_what_a_study_does_not_make_is_not_shown(fake):
    made = [spec.name for spec in fake.study.exhibit_specs]
    assert "transfer" in made
    assert not {"cost-limits", "fronts", "subspaces", "leagues"} & set(made)
    assert "noise" not in [spec.name for spec in fake.study.summary_specs]


def test_captions_of_all_that_is_reported_exist(root):
    captions = {path.stem for path in (root / "report/captions").glob("*.rst")}
    for spec in (*summaries(), *exhibits()):
        wanted = {spec.caption(output) for output in spec.reported}
        assert wanted <= captions, spec.module


def test_words_are_what_is_printed_of_what_a_study_uses(fake):
    searches = words(fake.study, "searches")
    assert set(searches) == {settings["algorithm"] for settings in SEARCHES.values()}
    assert searches["random_search"]["title"] == "Random search"
    proxies = words(fake.study, "proxies")
    assert list(proxies) == fake.study.scored == ["naswot"]
    assert proxies["naswot"]["title"] == "NASWOT"
    for entry in (*searches.values(), *proxies.values()):
        assert not [value for value in entry.values() if callable(value)], "code is no word"


def test_everything_is_made_from_the_files_of_its_rule(tmp_path):
    """A small study from its result files to every exhibit, by the function that jobs call."""
    fake = FakeStudy(tmp_path, ("own",), searches=("random-cell", "naswot-10"))
    study = fake.complete()
    files = make_everything(study)
    assert len(files) > 15
    for path in files:
        assert (tmp_path / path).stat().st_size > 0
        assert (tmp_path / path).with_suffix(".csv").stat().st_size > 0
