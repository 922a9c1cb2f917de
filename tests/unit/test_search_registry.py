"""The registry of searches: found by themselves, described, checked, and free of torch."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from tfnas.errors import ConfigError, UnknownNameError
from tfnas.search import registry
from tfnas.search.base import EARLY, VALIDATION, Search
from tfnas.search.parameters import PROXY, parameter, parameters_of, told, types_of
from tfnas.search.registry import GROUPS, algorithm_names, get_algorithm, register
from tfnas.study.models.search import settings_model

NAMES = ["area", "oracle", "proxy_search", "random_cell", "random_search", "regularised_evolution"]


def test_the_searches_are_found():
    assert set(NAMES) <= set(algorithm_names())


@pytest.mark.parametrize("name", algorithm_names())
def test_every_search_describes_itself(name):
    algorithm = get_algorithm(name)
    assert algorithm.name == name
    assert algorithm.title
    assert algorithm.group in GROUPS
    assert algorithm.reference or algorithm.section == "this project"
    assert algorithm.section
    assert algorithm.summary.endswith((".", ":", ";"))
    assert algorithm.source.name.endswith(".py")
    for known in algorithm.parameters.values():
        assert known.description.endswith(".") or ";" in known.description


@pytest.mark.parametrize("name", algorithm_names())
def test_defaults_agree_with_types_and_bounds(name):
    """The model is closed, and takes what the class declares as its own defaults."""
    algorithm = get_algorithm(name)
    needed = [key for key, known in algorithm.parameters.items() if known.required]
    given = {key: {"proxy": "made_up", "cost": "flops"}.get(key, 1) for key in needed}
    settings = {"algorithm": name, **algorithm.settings(given, "label")}
    assert settings_model(name).model_validate(settings).model_dump() == settings
    with pytest.raises(ValidationError, match="Extra inputs"):
        settings_model(name).model_validate({**settings, "a_new_key": 1})


def test_every_reference_is_in_the_bibliography(root):
    bibliography = (root / "report" / "refs.bib").read_text(encoding="utf-8")
    for reference in {get_algorithm(name).reference for name in algorithm_names()} - {""}:
        assert f"{{{reference}," in bibliography


def test_what_a_search_needs_follows_from_its_looks():
    needs = {name: (get_algorithm(name).needs_scores, get_algorithm(name).needs_budget) for name in NAMES}
    assert needs == {
        "random_cell": (False, False),
        "proxy_search": (True, False),
        "oracle": (False, False),
        "random_search": (False, True),
        "regularised_evolution": (False, True),
        "area": (True, True),
    }
    assert [name for name in algorithm_names() if get_algorithm(name).needs_validation] == ["oracle", "oracle_space"]
    limits = {"overshoot", "evaluations"}
    assert all(limits <= set(get_algorithm(name).parameters) for name, (_, budget) in needs.items() if budget)


def test_only_references_look_at_full_training():
    for name in algorithm_names():
        if VALIDATION in get_algorithm(name).looks:
            assert get_algorithm(name).group == "reference"


def test_settings_get_their_defaults_and_are_checked():
    area = get_algorithm("area")
    assert area.settings({"algorithm": "area", "proxy": "p", "sample": 30}, "label") == {
        "proxy": "p",
        "sample": 30,
        "population": 10,
        "tournament": 3,
        "mutation": "node_first",
        "replacement": True,
        "overshoot": True,
        "evaluations": None,
    }
    assert "algorithm" not in get_algorithm("random_cell").settings({}, "label")
    with pytest.raises(ConfigError) as error:
        area.settings({"algorithm": "area", "proxy": "p", "smaple": 3}, "label")
    assert str(error.value) == (
        "search.use.label.smaple is no parameter of 'area', which has: "
        "proxy, sample, replacement, population, tournament, mutation, overshoot, evaluations."
    )
    with pytest.raises(
        ConfigError, match=r"^search.use.label lacks 'proxy', which 'area' needs \(Name of a proxy.*add it.$"
    ):
        area.settings({"algorithm": "area"}, "label")
    for wrong, words in ({"sample": 0}, "greater than or equal to 1"), ({"mutation": "x"}, "'"):
        with pytest.raises(
            ConfigError, match=f"^search.use.label.{next(iter(wrong))} of 'area' is .*: it should be {words}"
        ):
            area.settings({"algorithm": "area", "proxy": "p", **wrong}, "label")


def test_a_default_list_is_not_shared():
    settings = get_algorithm("freerea").settings({}, "label")
    settings["proxies"].append("more")
    assert get_algorithm("freerea").settings({}, "label")["proxies"] == ["naswot", "logsynflow", "skip"]


def test_a_class_declares_its_parameters_once():
    class Base(Search):
        size: int = parameter("How many.", 3, ge=1)
        mutation: str = parameter("Which one.", "edge")

    class Mine(Base):
        proxy: str = PROXY
        mutation = "node_first"

    assert list(parameters_of(Mine)) == ["proxy", "size"], "its own first; what it has decided is none"
    assert types_of(Mine) == {"proxy": str, "size": int}
    assert told(Mine, {"proxy": "p"}) == {"proxy": "p", "size": 3}
    with pytest.raises(TypeError, match="Mine needs a value of 'proxy'"):
        told(Mine, {})
    with pytest.raises(TypeError, match="Mine has no parameter 'mutation', but proxy, size"):
        told(Mine, {"mutation": "edge"})


def test_an_unknown_search_is_answered_with_those_that_exist():
    with pytest.raises(
        UnknownNameError, match=r"^Unknown search 'simulated_annealing' in search.use: choose one of area, "
    ):
        get_algorithm("simulated_annealing")


def test_names_are_taken_once_and_metadata_is_checked(monkeypatch):
    monkeypatch.setattr(registry, "_ALGORITHMS", dict(registry._ALGORITHMS))

    class Other(Search):
        def ask(self):
            return None

        def choose(self, trace):
            return 0

    with pytest.raises(ValueError, match="registered twice"):
        register("area", title="x", group="hybrid", looks=(EARLY,))(Other)
    with pytest.raises(ValueError, match="group must be one of"):
        register("new", title="x", group="nonsense", looks=())(Other)
    register("new", title="x", group="hybrid", looks=(EARLY,))(Other)
    assert get_algorithm("new").stream == "new"
    assert list(get_algorithm("new").parameters) == ["overshoot", "evaluations"]


def test_a_new_file_is_all_that_a_new_search_needs(tmp_path):
    """Put a module beside the others (through the package's search path) and see that it is found."""
    (tmp_path / "brand_new.py").write_text(
        "from tfnas.search.base import DRAW, Look, Search\n"
        "from tfnas.search.registry import register\n"
        "@register('brand_new', title='Brand new', group='reference', looks=(DRAW,))\n"
        "class BrandNew(Search):\n"
        "    'New.'\n"
        "    def ask(self): return None\n"
        "    def choose(self, trace): return 0\n"
    )
    script = (
        "import sys, tfnas.search; tfnas.search.__path__.append(sys.argv[1])\n"
        "from tfnas.search.registry import algorithm_names; print('brand_new' in algorithm_names())"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_searching_and_summarising_import_neither_torch_nor_pydantic():
    script = (
        "import importlib, sys, tfnas.search.runner\n"
        "from tfnas.product_rules import summaries\n"
        "for summary in summaries(): importlib.import_module(summary.module)\n"
        "from tfnas.search.registry import algorithm_names, get_algorithm; algorithm_names()\n"
        "get_algorithm('area').settings({'proxy': 'naswot'}, 'label', checked=True)\n"
        "print([name for name in ('torch', 'pydantic', 'jsonschema') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
