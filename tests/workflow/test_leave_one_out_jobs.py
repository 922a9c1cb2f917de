"""Ensembles and leagues chosen without the dataset they are judged on: planned where a study asks for them."""

from __future__ import annotations

import yaml
from workflow_helpers import write_inputs

MADE = {"summarise_ensemble_choice", "tabulate_ensemble_choice", "summarise_leagues", "tabulate_leagues"}


def test_choices_are_planned_where_they_are_asked_for(project):
    write_inputs(project.folder)
    truth = {"source": "table", "path": "truth.csv"}
    study = {
        "study": "chosen",
        "datasets": {"digits": {"truth": truth}, "mine": {"images": {"path": "mine.npz"}, "truth": truth}},
        "scoring": {"proxies": ["naswot", "params"], "batch_size": 16},
        "search": {
            "runs": 2,
            "use": {
                "few": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 2},
                "many": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 20},
            },
        },
    }
    (project.folder / "study.yaml").write_text(yaml.safe_dump(study))
    assert not MADE & set(project.planned("--configfile", "study.yaml"))
    study["scoring"]["ensemble_choice"] = {"proxies": ["naswot", "params"], "largest": 2}
    study["search"]["leagues"] = {"samples": ["few", "many"]}
    (project.folder / "study.yaml").write_text(yaml.safe_dump(study))
    planned = project.planned("--configfile", "study.yaml")
    assert {rule: planned[rule] for rule in MADE} == dict.fromkeys(MADE, 1)
