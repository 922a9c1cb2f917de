"""What YAML and ``--config`` make of a study file, what a second file may take away, and names and letters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from tfnas.datasets.own_images import read_own
from tfnas.errors import ConfigError, DataError, ReportError, TruthError
from tfnas.report.citations import check_references
from tfnas.report.rounding import escape
from tfnas.spaces.nats_tss import SPACE
from tfnas.study.layers import merged
from tfnas.study.load import load_study
from tfnas.study.reading import read_file
from tfnas.study.settings import scored_names
from tfnas.truth.latencies import convert as convert_latencies
from tfnas.truth.table import convert as convert_truth

STUDY = """
study: tiny
datasets:
  digits: {truth: {source: table, path: truth.csv}}
  cifar10: {truth: {source: table, path: truth.csv}}
scoring: {proxies: [naswot, synflow], batch_size: {digits: 16, cifar10: 32}, first_images: {synflow: 4}}
search:
  budget_seconds: {digits: 1, cifar10: 2}
  use:
    area: {algorithm: area, proxy: naswot, sample: 50}
    limited: {algorithm: random_cell, constraint: {flops: {max: 5}}}
  subspaces: {small: {params: {max: 900}}}
  leagues: {all: [area, limited]}
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study of two datasets in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.csv").touch()
    return yaml.safe_load(STUDY)


def load(*texts):
    """Return the study of several files, laid one over the other."""
    contents = [yaml.safe_load(text) if isinstance(text, str) else text for text in texts]
    layers = [(f"file {number}", content) for number, content in enumerate(contents, 1)]
    return load_study(merged(contents), layers=layers)


# ---- numbers that YAML reads as text


def test_numbers_that_yaml_or_config_give_as_text_are_numbers(study):
    overlay = """
    training: {weight_decay: 5e-4, epochs: "12", nesterov: "false"}
    search:
      budget_seconds: {digits: 1e3}
      runs: 1e2
      use: {area: {sample: "20"}, limited: {constraint: {flops: {max: 1e1}}}}
    scoring: {batch_size: "64"}
    """
    found = load(study, overlay)
    assert found["training"]["weight_decay"] == 0.0005
    assert found["training"]["epochs"] == 12
    assert found["training"]["nesterov"] is False
    assert found["search"]["budget_seconds"] == {"digits": 1000.0, "cifar10": 2}
    assert (found["search"]["runs"], type(found["search"]["runs"])) == (100, int)
    assert found["search"]["use"]["area"]["sample"] == 20
    assert found["search"]["use"]["limited"]["constraint"]["flops"]["max"] == 10
    assert found["scoring"]["batch_size"] == 64


def test_a_whole_number_with_a_point_is_whole(study):
    found = load(study, {"search": {"runs": 50.0}})
    assert (found["search"]["runs"], type(found["search"]["runs"])) == (50, int)


@pytest.mark.parametrize(
    ("overlay", "sentence"),
    [
        ({"seed": "seven"}, "'seed' is 'seven' where a whole number is needed"),
        ({"search": {"budget_seconds": "1e400"}}, "'search.budget_seconds' is '1e400' where a number"),
        ({"seed": "1e-3"}, "'seed' is 0.001 where a whole number is needed"),
        ({"training": {"momentum": float("nan")}}, "'training.momentum' is nan: write a finite number."),
        ({"search": {"budget_seconds": float("inf")}}, "'search.budget_seconds' is inf: write a finite number."),
        (
            {"title": 2024},
            "'title' is 2024 where a text is needed (Title of the report.); quote it, for example \"2024\".",
        ),
        ({"study": True}, '; quote it, for example "yes".'),
        ({"study": yaml.safe_load("2024-01-01")}, "'study' is 2024-01-01 where a text is needed"),
    ],
)
def test_values_that_are_no_number_or_no_text(study, overlay, sentence):
    with pytest.raises(ConfigError) as caught:
        load(study, overlay)
    assert sentence in str(caught.value)


# ---- keys that YAML does not read as text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "datasets: {101: {}}",
            "A key in 'datasets' is 101, which YAML reads as a number, where a name is needed: quote",
        ),
        (
            "datasets: {no: {}}",
            "is no, off or false, which YAML reads as false, where a name is needed: quote it, for exa",
        ),
        (
            "datasets: {2024-01-01: {}}",
            "is 2024-01-01, which YAML reads as a date, where a name is needed: quote it, for",
        ),
        (
            "datasets: {~: {}}",
            "is empty, ~ or null, which YAML reads as nothing, where a name is needed: write a name.",
        ),
        (
            "search: {use: {1: {}}}",
            "A key in 'search.use' is 1, which YAML reads as a number, where a name is needed: quo",
        ),
        ("1: 2", "A key in the study file is 1, which YAML reads as a number"),
    ],
)
def test_an_unquoted_key_is_told_to_be_quoted(study, text, sentence):
    with pytest.raises(ConfigError) as caught:
        load(study, text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0x10", "the number 16"),
        ("12:30:45", "the number 45045"),
        ("0o17", None),
        ("1_000", "the number 1000"),
        ("1.10", "the number 1.1"),
        ("101", "a number"),
        ("2024-01-01", "a date"),
        ("No", "false"),
    ],
)
def test_an_unquoted_key_is_told_to_be_quoted_as_it_is_written(tmp_path, written, read):
    (tmp_path / "mine.yaml").write_text(f"title: a\ndatasets: {{{written}: {{}}}}\n")
    if read is None:
        assert read_file(tmp_path / "mine.yaml")["datasets"] == {written: {}}, "a text to YAML 1.1"
        return
    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "mine.yaml")
    told = str(caught.value)
    assert told.startswith(f"Line 2 of '{tmp_path / 'mine.yaml'}': A key in 'datasets' is ")
    assert f"{written if written != 'No' else 'no, off or false'}, which YAML reads as {read}, where a name" in told
    assert told.endswith(f'quote it, for example "{written}".')
    (tmp_path / "mine.yaml").write_text(f'title: a\ndatasets: {{"{written}": {{}}}}\n')
    assert read_file(tmp_path / "mine.yaml")["datasets"] == {written: {}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("search: {runs: 100001}", "'search.runs' is 100001: it must be at most 100000 (Runs"),
        (
            f"search: {{runs: {10**30}}}",
            "'search.runs' is 10000000000000000000...: write a number of at most 18 digits",
        ),
        (f"search: {{runs: '{10**30}'}}", f"'search.runs' is '{10**30}' where a whole number is needed"),
        (f"seed: {10**30}", "'seed' is 10000000000000000000...: write a number of at most 18 digits."),
    ],
)
def test_a_number_that_no_study_can_mean_is_one_sentence(study, text, sentence):
    with pytest.raises(ConfigError) as caught:
        load(study, text)
    assert sentence in str(caught.value)


def test_quoted_numbers_are_names(study):
    dataset = study["datasets"].pop("digits") | {"images": {"path": "truth.npz"}}
    with open("truth.npz", "w"):
        pass
    found = load(study, {"datasets": {"101": dataset}, "scoring": {"batch_size": 8}, "search": {"budget_seconds": 1}})
    assert "101" in found["datasets"]


# ---- a second file takes away what it sets to null


def test_null_takes_away_what_an_earlier_file_says(study):
    overlay = """
    datasets: {cifar10: null}
    scoring: {proxies: [naswot], batch_size: {cifar10: null}, first_images: {synflow: null}, noise_cells: null}
    search:
      budget_seconds: {cifar10: null}
      use: {area: {sample: null}, limited: {constraint: null}}
      subspaces: {small: null}
      leagues: null
    """
    found = load(study, {"scoring": {"noise_cells": 2}}, overlay)
    assert list(found["datasets"]) == ["digits"]
    assert found["scoring"]["batch_size"] == {"digits": 16}
    assert found["scoring"]["first_images"] == {}
    assert found["scoring"]["noise_cells"] == 64, "the default"
    assert found["scoring"]["proxies"] == ["naswot"], "a list is replaced"
    assert found["search"]["use"] == {
        "area": found["search"]["use"]["area"] | {"sample": 20},
        "limited": {"algorithm": "random_cell"},
    }
    assert (found["search"]["subspaces"], found["search"]["leagues"]) == ({}, {})


def test_a_search_that_an_overlay_removes_is_gone(study):
    found = load(study, "search: {use: {area: null}, leagues: {all: [limited]}}")
    assert list(found["search"]["use"]) == ["limited"]
    assert list(load(study, "search: {use: {area: 'null'}, leagues: null}")["search"]["use"]) == ["limited"], "--config"


def test_a_search_of_another_algorithm_takes_the_old_parameters_away(study):
    overlay = "search: {use: {area: {algorithm: random_cell, proxy: null, sample: null}}}"
    assert load(study, overlay)["search"]["use"]["area"] == {"algorithm": "random_cell"}


def test_null_for_a_path_is_a_value(study):
    overlay = "datasets: {digits: {truth: {source: trained, path: null}}}\nsearch: {leagues: null}"
    assert load(study, overlay)["datasets"]["digits"]["truth"]["path"] is None


@pytest.mark.parametrize(
    ("overlay", "sentence"),
    [
        (
            "search: {use: {aera: null}}",
            "'search.use.aera' is null in file 2, which takes the key away, but no file before it has this key (did "
            "you mean 'area'?): correct or remove the line.",
        ),
        ("sarch: null", "'sarch' is null in file 2, which takes the key away, but no file before it has this key (did"),
        ("scoring: {device: null}", "'scoring.device' is null in file 2, which takes the key away, but no file before"),
        (
            "search: {use: {limited: {algorithm: null}}}",
            "The key algorithm is missing in 'search.use.limited': add it.",
        ),
        (
            "datasets: {digits: null, cifar10: null}",
            "'datasets' holds nothing: add an entry (The datasets of the study",
        ),
    ],
)
def test_null_that_takes_nothing_away_is_refused(study, overlay, sentence):
    with pytest.raises(ConfigError) as caught:
        load(study, overlay)
    assert sentence in str(caught.value)


def test_a_value_that_was_forgotten_is_refused(study):
    for key, place in (("seed", "seed"), ("scoring", "scoring")):
        with pytest.raises(ConfigError, match=rf"^'{place}' is empty \(null\) in file 1: write its value, or remove"):
            load(study | {key: None})
    with pytest.raises(ConfigError, match=r"file 1: .* what another file says, name this file after that one\.$"):
        load({"search": {"use": {"area": None}}}, yaml.safe_dump(study))
    with pytest.raises(ConfigError, match=r"^'search.use.area' is empty \(null\) in the study file: write its value"):
        load_study(merged([study, {"search": {"use": {"area": None}}}]))


# ---- the file itself


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"study: x\ntitle: caf\xe9\n", "is no text in UTF-8 (byte 20): save it as UTF-8."),
        (b"study: x\nseed: 1\nstudy: y\n", "Line 3 of '"),
        (
            b"search:\n  use:\n    a: {sample: 1,\n      sample: 2}\n",
            "has the key 'sample' a second time in 'search.use.a'",
        ),
        (b"study: [\n", "is no YAML: "),
        (b"? [a]\n: 1\n? [a]\n: 2\n", "is no YAML: "),
        (b"a: &a {b: *a}\n", "is no YAML: maximum recursion depth exceeded"),
        (b"", "holds no keys: write a study such as config.yaml."),
        (b"- a\n", "holds no keys: write a study such as config.yaml."),
    ],
)
def test_a_file_that_is_no_study_is_one_sentence(tmp_path, content, sentence):
    (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "mine.yaml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["!!timestamp soon", '!!int ""', "!!bool maybe"])
def test_a_value_that_does_not_fit_its_tag_is_one_sentence(tmp_path, value):
    (tmp_path / "study.yaml").write_text(f"a: {value}\n")
    with pytest.raises(ConfigError, match=r"is no YAML: a value does not fit its tag"):
        read_file(tmp_path / "study.yaml")


def test_aliases_that_multiply_are_refused_at_once(tmp_path):
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(10))}}}" for n in range(1, 12)]
    (tmp_path / "study.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigError, match=r"its aliases .* repeat what they stand for until it has over 100,000"):
        read_file(tmp_path / "study.yaml")


def test_the_shipped_studies_are_read_as_snakemake_reads_them(root):
    for path in [root / "config.yaml", *(root / "studies").glob("*.yaml")]:
        assert read_file(path) == yaml.safe_load(path.read_text(encoding="utf-8"))
    with pytest.raises(ConfigError, match=r"^The study file 'none.yaml' cannot be read \(No such file"):
        read_file("none.yaml")


# ---- names and paths


@pytest.mark.parametrize(
    ("overlay", "sentence"),
    [
        (
            {"study": "MyStudy"},
            "'MyStudy' in 'study' may hold lower-case letters, digits and hyphens only: write 'mystudy'.",
        ),
        ({"study": "faults\n"}, r"The name 'faults\n' in 'study' may hold lower-case letters"),
        ({"study": "-"}, "'-' in 'study' may hold lower-case letters, digits and hyphens only: choose another."),
        ({"study": "a" * 300}, "aaaa...' in 'study' has 300 characters: use at most 60."),
        (
            {"datasets": {"My set": {}}},
            "'My set' in 'datasets' may hold letters, digits and hyphens only: write 'My-set'.",
        ),
        ({"datasets": {"mine\n": {}}}, r"The name 'mine\n' in 'datasets' may hold letters, digits"),
        (
            {"search": {"use": {"a\n": {"algorithm": "random_cell"}}}},
            r"The name 'a\n' in 'search.use' may hold lower-case",
        ),
        (
            {"search": {"use": {"b" * 70: {"algorithm": "random_cell"}}}},
            "in 'search.use' has 70 characters: use at most",
        ),
        (
            {"datasets": {"mine": {"images": {"path": "m{x}.npz"}, "truth": {"source": "trained"}}}},
            "datasets.mine.images.path is 'm{x}.npz': a path may not hold '{', rename the file or the folder.",
        ),
        ({"datasets": {"digits": {"truth": {"path": "t\n.csv"}}}}, "a path may not hold '\\n', rename"),
        ({"datasets": {"digits": {"truth": {"path": "x" * 300}}}}, "which does not exist: correct the path"),
        (
            {"scoring": {"scores": "shipped", "shipped": "x" * 300}},
            "which has no digits/naswot.parquet: correct the folder",
        ),
        (
            {"datasets": {"digits": {"truth": {"columns": {"test_accuracy": "\u8868"}}}}},
            "'test_accuracy' of datasets.digits.truth.columns holds '\u8868' (U+8868), which the report cannot print",
        ),
        (
            {"scoring": {"scores": "shipped", "shipped": "\u8868/a"}},
            "scoring.shipped holds '\u8868' (U+8868), which the report cannot print",
        ),
        (
            {"datasets": {"digits": {"truth": {"path": "\u8868.csv"}}}},
            "The name of the file of datasets.digits.truth.path holds",
        ),
        (
            {"search": {"use": {"area": {"constraint": {"latency": {"device": "a$\\bad$", "max": 1}}}}}},
            "search.use.area.constraint has a device 'a$\\\\bad$': its name may not hold '$', give it another.",
        ),
        (
            {"datasets": {"digits": {"hardware": {"columns": {"pi\n": "x"}}}}},
            "hardware.columns has a device 'pi\\n': its name",
        ),
    ],
)
def test_names_and_paths_that_break_something_later_are_refused(study, overlay, sentence):
    with pytest.raises((ConfigError, DataError)) as caught:
        load(study, overlay)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_device_that_figures_cannot_show_is_refused_when_its_table_is_read(tmp_path):
    table = pd.DataFrame({"arch": SPACE.strings, "a$\\bad$": 1.0})
    table.to_csv(tmp_path / "given.csv", index=False)
    with pytest.raises(ConfigError, match=r"has a device 'a\$\\\\bad\$': its name may not hold '\$', give it another"):
        convert_latencies(tmp_path / "given.csv", "one", {}, tmp_path / "out.parquet")
    convert_latencies(tmp_path / "given.csv", "one", {"board": "a$\\bad$"}, tmp_path / "out.parquet")


# ---- letters that LaTeX lacks


@pytest.mark.parametrize("title", ["\u6df1\u5ea6", "a \U0001f600", "\u05d0", "bell\x07", "\u03ac"])
def test_a_title_that_the_report_cannot_print_is_refused_when_the_study_is_read(study, title):
    with pytest.raises(ConfigError, match=r"^'title' holds .* \(U\+[0-9A-F]{4,5}\), which the report cannot print"):
        load(study, {"title": title})


def test_greek_letters_and_common_signs_are_set_as_mathematics(study):
    load(study, {"title": "\u03bc \u03b1 \u2192 \u2264 \u03a9 e\u0301 \u0141\u00f3d\u017a H\u2082O\n"})
    assert escape("\u03bc\u2192\u03a3\u0391") == r"$\mu$$\rightarrow$$\Sigma$$\mathrm{A}$"
    assert escape("Cafe\u0301") == "Caf\u00e9"
    with pytest.raises(
        ReportError, match=r"^The text 'x \u6df1' holds '\u6df1' \(U\+6DF1\), which the report cannot print"
    ):
        escape("x \u6df1")


def test_facts_that_the_report_cannot_print_are_refused_when_they_are_read(tmp_path):
    pd.DataFrame({"arch": SPACE.strings[:5], "valid_accuracy": 50.0, "test_accuracy": 50.0}).to_csv(
        tmp_path / "t.csv", index=False
    )
    (tmp_path / "t.json").write_text('{"accuracies": {"test_accuracy": "\u6df1"}}', encoding="utf-8")
    with pytest.raises(TruthError, match=r"^'test_accuracy' of 'accuracies' of '.*t.json' holds '\u6df1' \(U\+6DF1\)"):
        convert_truth(tmp_path / "t.csv", "one", {}, tmp_path / "out.parquet", True)
    images = np.random.default_rng(0).integers(0, 255, (8, 3, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "i.npz", images=images, labels=np.arange(8) % 2, licence="\u6df1")
    with pytest.raises(DataError, match=r"^'licence' of '.*i.npz' holds '\u6df1'"):
        read_own("one", tmp_path / "i.npz", "train")


def test_facts_beside_a_given_table_are_read_with_the_study(study, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("arch,valid_accuracy,test_accuracy\n", encoding="utf-8")
    given = {"datasets": {"digits": {"truth": {"source": "table", "path": str(table)}}}}
    for content, sentence in (
        (
            '{"licence": "\u6df1"}',
            r"^'licence' of '.*t.json' holds '\u6df1' \(U\+6DF1\), which the report cannot print",
        ),
        ("[]", r"t.json' holds a list where names and values in braces are needed"),
    ):
        (tmp_path / "t.json").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=sentence):
            load(study, given)


# ---- references


def test_a_reference_that_the_bibliography_lacks_is_missed_when_the_study_is_read(study, root, tmp_path):
    loaded = load(study)
    check_references(loaded, scored_names(loaded), root / "report")
    bibliography = (root / "report/refs.bib").read_text(encoding="utf-8")
    (tmp_path / "refs.bib").write_text(bibliography.replace("{mellor2021naswot,", "{mellor,"), encoding="utf-8")
    with pytest.raises(
        ReportError, match=r"^The reference of proxy 'naswot' is 'mellor2021naswot', which '.*refs.bib' l"
    ):
        check_references(loaded, scored_names(loaded), tmp_path)
    (tmp_path / "refs.bib").write_text(bibliography, encoding="utf-8")
    (tmp_path / "published.yaml").write_text("search:\n  - method: x\n    cite: nobody2020\n", encoding="utf-8")
    loaded["report"]["published"] = True
    with pytest.raises(
        ReportError, match=r"^The reference of a row of '.*published.yaml' \(nobody2020\) is 'nobody2020'"
    ):
        check_references(loaded, scored_names(loaded), tmp_path)
    check_references(loaded, scored_names(loaded), root / "report")


def test_the_example_of_a_second_file_in_the_documentation_does_what_it_says(root, monkeypatch):
    monkeypatch.chdir(root)
    page = (root / "docs/config.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    first = (root / "studies/nats-tss.yaml").read_text(encoding="utf-8")
    before, after = load(first), load(first, example)
    assert set(before["search"]["use"]) - set(after["search"]["use"]) == {"area"}
    assert set(before["datasets"]) - set(after["datasets"]) == {"ImageNet16-120"}
    assert after["search"]["use"]["local-search"] == {
        "algorithm": "random_search",
        "evaluations": None,
        "overshoot": True,
    }
