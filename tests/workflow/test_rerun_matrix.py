"""Which rules an edit of each module reaches, against a description kept by hand: neither more rules nor fewer.

What follows from a rule is decided by Snakemake. So the description names, for each module, the first rules whose
result it can change; all others that read it must follow from those. A new module must be described here.
"""

from __future__ import annotations

from fnmatch import fnmatch

import pytest
from plan_helpers import Plan
from workflow_helpers import Project, write_inputs

CONFIG = ("--configfile", "tests/configs/rerun.yaml")

BATCH = "make_batch make_second_batch"
SCORING = "score_chunk score_noise measure_kernels"
RUNS = "run_search"
TRUTH = "truth_from_table"
NUMBERS = "write_numbers"

REACHES = {
    # images, ground truth, networks
    "datasets/digits": BATCH,
    "datasets/images": BATCH,
    "datasets/own_images": BATCH,
    "datasets/registry": BATCH,
    "datasets/sources": BATCH,
    "datasets/splits": BATCH,
    "datasets/official_files": BATCH,
    "truth/table": TRUTH,
    "truth/metric": TRUTH,
    "truth/schema": TRUTH,
    "truth/counts": TRUTH,
    "truth/pool": TRUTH,
    "networks/shape": f"{SCORING} measure_seconds",
    "networks/skeleton": f"score_chunk score_noise {TRUTH}",
    "networks/batched": SCORING,
    "networks/reference": SCORING,
    # scores
    "proxies/naswot": SCORING,
    "proxies/trial": SCORING,
    "proxies/classes": SCORING,
    "proxies/contract": f"{SCORING} tabulate_settings",
    "proxies/registry": f"{SCORING} tabulate_settings",
    "scoring/chunk": SCORING,
    "scoring/plan": SCORING,
    "scoring/table": SCORING,
    "scoring/writer": SCORING,
    "scoring/checks": SCORING,
    "runtime/faults": SCORING,
    "runtime/memory": SCORING,
    "runtime/exact_arithmetic": SCORING,
    "runtime/progress": SCORING,
    "analysis/kernel_maps": "measure_kernels",
    "scoring/machine_seconds": "measure_seconds",
    "scoring/ensembles": "merge_scores",
    "scoring/finish": "merge_scores",
    "scoring/own_scores": "merge_scores",
    "truth/given_tables": f"merge_scores {TRUTH}",
    "scoring/missing": f"merge_scores {RUNS} summarise_truth",
    # searches
    "search/proxy_search": RUNS,
    "search/regularised_evolution": RUNS,
    "search/block": RUNS,
    "search/runner": RUNS,
    "search/base": f"{RUNS} tabulate_settings",
    "search/registry": f"{RUNS} tabulate_settings",
    "search/constraints": f"{RUNS} tabulate_settings",
    "search/parameters": f"{RUNS} tabulate_settings",
    "search/live/outcomes": RUNS,
    "truth/benchmark": f"{RUNS} measure_kernels",
    "truth/costs": RUNS,
    # analysis
    "analysis/best_cells": "summarise_best_cells",
    "analysis/cells_in_order": "summarise_correlations summarise_proxies summarise_search",
    "analysis/comparisons": "summarise_comparisons",
    "analysis/correlations": "summarise_correlations",
    "analysis/curves": "summarise_curves summarise_equal_time",
    "analysis/equal_time": "summarise_equal_time",
    "analysis/noise": "summarise_noise",
    "analysis/order": "summarise_order",
    "analysis/search_costs": "summarise_search_costs",
    "analysis/proxies": "summarise_proxies",
    "analysis/published_rows": "summarise_search_costs tabulate_search tabulate_transfer",
    "analysis/regret": "summarise_regret",
    "analysis/search": "summarise_search",
    "analysis/truths": "summarise_truth",
    "analysis/run_tables": "summarise_comparisons summarise_search_costs summarise_regret summarise_search",
    "analysis/statistics": "summarise_comparisons summarise_correlations summarise_equal_time summarise_noise "
    "summarise_order summarise_search_costs summarise_proxies summarise_regret summarise_search summarise_truth",
    "analysis/influence": "as statistics",
    # tables
    "schemas/base": f"score_chunk score_noise {TRUTH}",
    "schemas/scores": SCORING,
    "schemas/chunks": SCORING,
    "schemas/truth": TRUTH,
    "schemas/runs": RUNS,
    "schemas/run_curves": RUNS,
    "schemas/live": RUNS,
    "schemas/latencies": RUNS,
    "schemas/curves": "summarise_curves summarise_equal_time",
    "schemas/query_curves": "summarise_curves summarise_equal_time",
    "schemas/comparisons": "summarise_comparisons tabulate_regret",
    "schemas/regret": "summarise_regret",
    "schemas/ranks": "draw_comparisons tabulate_comparisons tabulate_regret write_numbers",
    "schemas/proxy_pairs": "summarise_proxies",
    "schemas/truths": "summarise_truth",
    # the report
    "products": "summarise_* draw_* tabulate_*",
    "report/behind": "draw_* tabulate_* write_numbers",
    "report/style": "draw_*",
    "report/panels": "draw_accuracies draw_anytime draw_comparisons draw_equal_time draw_queries draw_scatter "
    "draw_search_times",
    "report/tables": "tabulate_* write_numbers",
    "report/templates": "render_report",
    "report/citations": "render_report",
    "report/latex": "compile_report",
    "report/numbers/*": NUMBERS,
    "report/claims": NUMBERS,
    "report/proxy_numbers": NUMBERS,
    "report/wording": NUMBERS,
    "report/drawing": "draw_best_cells draw_search_space",
    "report/curve_panels": "draw_anytime draw_queries",
    "report/detail": "draw_comparisons tabulate_correlations",
    "report/published": "tabulate_search tabulate_transfer",
    "report/equal_time_phases": "draw_equal_time tabulate_equal_time write_numbers",
    "report/comparison_tables": "draw_comparisons tabulate_comparisons tabulate_regret write_numbers",
    "report/proxy_tables": "tabulate_first_cells tabulate_proxies tabulate_quality write_numbers",
    "report/proxy_titles": "draw_anytime draw_comparisons draw_queries draw_scatter draw_search_times "
    "tabulate_comparisons tabulate_correlations tabulate_equal_time tabulate_first_cells tabulate_search_costs "
    "tabulate_proxies tabulate_quality tabulate_regret tabulate_search tabulate_settings tabulate_times "
    "tabulate_transfer write_numbers",
    "report/names": "draw_anytime draw_comparisons draw_queries draw_search_times tabulate_comparisons "
    "tabulate_equal_time tabulate_search_costs tabulate_regret tabulate_search tabulate_settings tabulate_times "
    "tabulate_transfer write_numbers",
    "report/exhibits/search_table": "tabulate_search tabulate_transfer",
    "provenance": "write_provenance",
}
"""The first rules that a module reaches, separated by spaces; ``*`` stands for any ending."""

FOUNDATIONS = (
    "spaces/nats_tss", "spaces/base", "spaces/pool", "spaces/registry", "seeds", "files", "letters", "report/rounding",
    "report/titles",
)  # fmt: skip
"""Modules that most of the project rests on: each reaches at least one rule of every stage that it serves."""

WITHOUT_EFFECT = (
    "__init__",
    "*/__init__",
    "errors",
    "workflow",
    "command_line",
    "product_rules",
    "study/*",
    "__main__",
    "one_search",
    "scoring/placing",
    "networks/module",
    "networks/darts",
    "networks/mnasnet",
    "networks/nats_sss",
    "networks/transnas101_*",
    "networks/nasbench101",
    "networks/nasbench_macro",
    "spaces/darts",
    "spaces/mnasnet",
    "spaces/nats_sss",
    "spaces/transnas101_*",
    "spaces/nasbench101",
    "spaces/nasbench_macro",
    "spaces/listed",
    "spaces/parts/*",
    "search/live/scores",
    "runtime/devices",
    "scoring/modules",
    "proxies/any_module/*",
    "scoring/any_network",
    "scoring/pictures",
)
"""Modules that decide which jobs there are, word errors or print documentation: they reach nothing."""


@pytest.fixture(scope="module")
def plan(root, tmp_path_factory):
    project = Project.copy_to(root, tmp_path_factory.mktemp("matrix") / "project")
    write_inputs(project.folder)
    return Plan.of(project, *CONFIG)


def described(module: str, rules: set[str]) -> set[str] | None:
    """Return the first rules that the description names for a module, None where it says nothing."""
    text = REACHES.get(module) or next((reach for name, reach in REACHES.items() if fnmatch(module, name)), None)
    if text is None:
        return None
    text = REACHES["analysis/statistics"] if text == "as statistics" else text
    return {rule for pattern in text.split() for rule in rules if fnmatch(rule, pattern)}


def own_rules(module: str, rules: set[str]) -> set[str]:
    """Return the rules of the exhibit that a file is called after, or of the summary that a schema is called after."""
    name = module.rpartition("/")[2]
    kinds = ("summarise",) if module.startswith("schemas/") else ("draw", "tabulate")
    if name.endswith(("_figure", "_table")):
        name, _, kind = name.rpartition("_")
        kinds = ({"figure": "draw", "table": "tabulate"}[kind],)
    return {f"{kind}_{name}" for kind in kinds} & rules


def modules(root) -> list[str]:
    folder = root / "src/tfnas"
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.py"))


def test_every_module_reaches_the_rules_that_it_can_change_and_no_others(root, plan):
    wrong = []
    for module in modules(root):
        reached = plan.reading(f"src/tfnas/{module}.py")
        if module in FOUNDATIONS:
            assert reached, module
            continue
        if module not in REACHES and module.startswith(("report/exhibits/", "schemas/")):
            expected = own_rules(module, set(plan.inputs)) if reached else set()
        elif any(fnmatch(module, pattern) for pattern in WITHOUT_EFFECT):
            expected = set()
        else:
            expected = described(module, set(plan.inputs)) if reached or module in REACHES else set()
        if expected is None:
            wrong.append(f"{module} reaches {' '.join(sorted(plan.first(reached)))}, which nobody has described")
        elif plan.with_what_follows(expected) != plan.with_what_follows(reached):
            more = plan.with_what_follows(reached) - plan.with_what_follows(expected)
            fewer = plan.with_what_follows(expected) - plan.with_what_follows(reached)
            wrong.append(f"{module}: also reaches {sorted(more)}, does not reach {sorted(fewer)}")
    assert not wrong, "\n".join(wrong)


def test_the_description_names_no_module_that_is_gone(root):
    names = modules(root)
    for pattern in (*REACHES, *FOUNDATIONS, *WITHOUT_EFFECT):
        assert any(fnmatch(name, pattern) for name in names), pattern


def test_what_this_study_does_not_use_reaches_nothing(plan):
    for module in (
        "datasets/downloads",
        "truth/archive",
        "truth/trainer",
        "search/area",
        "proxies/zen",
        "datasets/cifar",
    ):
        assert not plan.reading(f"src/tfnas/{module}.py"), module


def test_every_script_is_noticed_by_its_own_rules(root, plan):
    """A script is an input of its rules, told by its content: the trigger for code, which goes by time, is off."""
    scripts = {path.stem for path in (root / "workflow/scripts").glob("*.py")}
    for rule in plan.inputs:
        kind = "make_summary" if rule.startswith("summarise_") else "make_exhibit"
        own = kind if rule.startswith(("summarise_", "draw_", "tabulate_")) else rule
        assert own in scripts | {"all"} or rule == "make_second_batch", rule


def test_packages_are_empty(root):
    for path in (root / "src/tfnas").rglob("*/__init__.py"):
        assert not path.read_text().strip(), f"{path} is imported by everybody who imports one of its modules"
