"""Latencies, fronts and sub-spaces in the plan: made where a study asks for them, and nowhere else."""

from __future__ import annotations

import yaml
from workflow_helpers import write_inputs


def test_latencies_fronts_and_spaces_are_planned_where_they_are_asked_for(project):
    write_inputs(project.folder)
    (project.folder / "latency.csv").write_text("arch,phone\n")
    limit = {"latency": {"device": "phone", "max": 5}}
    dataset = {"truth": {"source": "table", "path": "truth.csv"}}
    study = {
        "study": "measured",
        "datasets": {"digits": dataset | {"hardware": {"path": "latency.csv"}}},
        "search": {
            "runs": 2,
            "use": {
                "plain": {"algorithm": "random_cell"},
                "quick": {"algorithm": "random_cell", "constraint": limit},
                "front": {"algorithm": "nsga2", "proxy": "naswot", "cost": "flops"},
            },
            "subspaces": {"quick": limit},
        },
    }
    made = {
        "read_latencies",
        "summarise_fronts",
        "draw_fronts",
        "tabulate_fronts",
        "summarise_cost_limits",
        "tabulate_cost_limits",
        "summarise_subspaces",
        "tabulate_subspaces",
    }
    (project.folder / "study.yaml").write_text(yaml.safe_dump(study))
    planned = project.planned("--configfile", "study.yaml")
    assert {rule: planned[rule] for rule in made} == dict.fromkeys(made, 1)
    study["search"] |= {"use": {"plain": {"algorithm": "random_cell"}}, "subspaces": {}}
    study["datasets"]["digits"] = dataset
    (project.folder / "study.yaml").write_text(yaml.safe_dump(study))
    assert not made & set(project.planned("--configfile", "study.yaml"))
