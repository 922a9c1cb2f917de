"""Every addition is one file: a toy proxy, search, dataset, summary, table, figure, topic and search space.

A study of NATS-Bench's topologies runs with all of them but the last, one of the toy space with given scores.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from workflow_helpers import Project, write_inputs

ROOT = Path(__file__).parents[2]

[SPACE_FILE] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/spaces.md").read_text(encoding="utf-8"), re.DOTALL)
"""The space that the documentation shows how to add."""

TOYS = {
    "src/tfnas/proxies/toy_family.py": '''"""A toy: how many edges of a cell do nothing, negated."""

from tfnas.proxies.registry import Family, Proxy


def evaluate(trial):
    """Return the scores that are wanted; no network is built."""
    import torch

    values = [float(sum(name == "none" for name in cell.operations)) for cell in trial.cells]
    return {"toy_proxy": (torch.tensor(values, dtype=torch.float64), [""] * trial.count)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="toy_proxy", title="Toy proxy", direction=-1, formula="n", needs=("no network",),
            reference=("mellor2021naswot", "nowhere"), summary="The number of edges that do nothing.",
        ),
    ),
    same_score=str, evaluate=evaluate, initialisation="none",
)
''',
    "src/tfnas/search/toy_search.py": '''"""A toy: the best of the first cells of the space by a proxy."""

import numpy as np

from tfnas.search.base import SCORE, Look, Search
from tfnas.search.parameters import PROXY, parameter
from tfnas.search.registry import register


@register("toy_search", title="Toy search", group="training-free", looks=(SCORE,), reference="", section="")
class ToySearch(Search):
    """The best of the first cells of the space."""

    proxy: str = PROXY
    cells: int = parameter("Cells looked at.", 7, ge=1)

    def ask(self):
        """Look once."""
        return None if self.asked else Look(SCORE, np.arange(self.cells), self.proxy)

    def tell(self, look, values):
        """Remember the best."""
        self.asked, self.best = True, int(look.codes[np.argmax(values)])

    def choose(self, trace):
        """Return the best."""
        return self.best

    asked = False
''',
    "src/tfnas/spaces/three_blocks.py": SPACE_FILE,
    "src/tfnas/datasets/toy_images.py": '''"""A toy: noise in three classes."""

import numpy as np

from tfnas.datasets.registry import DatasetSpec, register
from tfnas.datasets.official_files import Source


def _read(folder, split):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (30, 3, 8, 8), dtype=np.uint8), np.arange(30) % 3, np.arange(30)


register(
    DatasetSpec(
        name="toy-images", classes=3, channels=3, image_size=8, counts=(30, 30), mean=(127.5, 127.5, 127.5),
        std=(73.9, 73.9, 73.9), constants="of uniform noise", layout="nothing", read=_read, embedded=True,
        published=Source("toy-images", "", (), "", "", None, "", "public domain", "nobody", "", "noise"),
    )
)
''',
    "src/tfnas/analysis/toy_summary.py": '''"""A toy: how many cells each ground truth has."""

import pandas as pd

from tfnas.files import read_table, write_table
from tfnas.products import Summary

SPEC = Summary(
    category="Ground truth", needs={"truths": "truth/{dataset}.parquet"},
)


def make(inputs, params, output):
    """Count."""
    rows = [(name, len(read_table(path))) for name, path in inputs.truths.items()]
    write_table(output.table, pd.DataFrame(rows, columns=["dataset", "cells"]))
''',
    "src/tfnas/report/exhibits/toy_table.py": '''"""A toy: the summary as a table."""

from tfnas.files import read_table
from tfnas.products import Exhibit
from tfnas.report.tables import row, tabular, write_tex

SPEC = Exhibit(
    kind="table", category="Ground truth",
    needs={"toy": "summaries/toy-summary.csv"},
)


def make(inputs, params, output):
    """Write it."""
    table = read_table(inputs.toy, ("dataset", "cells"))
    body = [row([line.dataset, str(line.cells)]) for line in table.itertuples()]
    write_tex(output.tex, tabular("lr", [row(["Dataset", "Cells"])], body))
''',
    "src/tfnas/report/exhibits/toy_figure.py": '''"""A toy: the summary as a figure."""

from tfnas.files import read_table
from tfnas.products import Exhibit
from tfnas.report.style import figure_style, save

SPEC = Exhibit(
    kind="figure", category="Ground truth",
    needs={"toy": "summaries/toy-summary.csv"}, each="dataset",
)


def make(inputs, params, output):
    """Draw it."""
    import matplotlib.pyplot as plt

    table = read_table(inputs.toy, ("dataset", "cells")).set_index("dataset")
    with figure_style():
        figure, axes = plt.subplots()
        axes.plot([0], [table.loc[params.dataset, "cells"]], "o", label="cells")
        save(figure, output.pdf)
''',
    "src/tfnas/report/numbers/toy_numbers.py": '''"""A toy: a number for the prose."""

from tfnas.files import read_table
from tfnas.products import Topic

SPEC = Topic(name="toy", needs={"toy": "summaries/toy-summary.csv"})


def add(numbers, inputs, params):
    """Add it."""
    numbers.add("toy.cells", int(read_table(inputs.toy)["cells"].sum()), "count")
''',
    "report/captions/toy-summary-summary.rst": "How many cells there are.\n",
    "report/captions/toy-table.rst": "How many cells there are.\n",
    "report/captions/toy.rst": "How many cells there are.\n",
    "report/sections/53-toy.tex": r"""\section{A toy}
There are ((( num("toy.cells") ))) cells: \input{((( table("toy") )))}
((* if has_figure("toy-toy-images") *))\includegraphics{((( figure("toy-toy-images") )))}((* endif *))
""",
}
"""Path of each file that is added, and what stands in it; nothing else is touched."""

STUDY = {
    "study": "toys",
    "skeleton": {"channels": 2, "cells_per_stage": 1},
    "datasets": {"toy-images": {"truth": {"source": "table", "path": "truth.csv"}}},
    "scoring": {"proxies": ["toy_proxy"], "batch_size": 6, "noise_cells": 0, "cells_per_job": 8192},
    "search": {
        "runs": 2,
        "budget_seconds": 100,
        "use": {
            "random-cell": {"algorithm": "random_cell"},
            "toys": {"algorithm": "toy_search", "proxy": "toy_proxy", "cells": 9},
            "random-search": {"algorithm": "random_search"},
        },
    },
    "report": {"published": False},
}


SPACE_STUDY = {
    "study": "blocks",
    "space": "three-blocks",
    "datasets": {"digits": {"truth": {"source": "table", "path": "blocks.csv"}}},
    "scoring": {
        "scores": "table",
        "own": {"width": {"title": "Total width", "direction": 1, "source": "made up"}},
        "tables": {"digits": {"path": "widths.csv"}},
    },
    "search": {
        "runs": 3,
        "budget_seconds": 100,
        "use": {
            "random-cell": {"algorithm": "random_cell"},
            "widest": {"algorithm": "proxy_argmax", "proxy": "width"},
            "evolution": {"algorithm": "regularised_evolution", "population": 4, "tournament": 2},
            "reinforce": {"algorithm": "reinforce"},
            "bohb": {"algorithm": "bohb"},
            "front": {"algorithm": "nsga2", "proxy": "width", "cost": "params", "population": 10, "evaluations": 40},
        },
    },
}


@pytest.fixture(scope="module")
def toys(root, tmp_path_factory):
    """The study of the toys, run up to report.tex (to the PDF where there is LaTeX)."""
    project = Project.copy_to(root, tmp_path_factory.mktemp("additions") / "project")
    write_inputs(project.folder)
    for name, text in TOYS.items():
        assert not (project.folder / name).exists()
        (project.folder / name).write_text(text, encoding="utf-8")
    (project.folder / "toys.yaml").write_text(yaml.safe_dump(STUDY), encoding="utf-8")
    (project.folder / "blocks.yaml").write_text(yaml.safe_dump(SPACE_STUDY), encoding="utf-8")
    blocks = pd.DataFrame(product((8, 16, 32, 64), repeat=3))
    table = pd.DataFrame({"arch": blocks.astype(str).agg("-".join, axis=1), "width": blocks.sum(axis=1)})
    table[["arch", "width"]].to_csv(project.folder / "widths.csv", index=False)
    noise = np.random.default_rng(0).normal(size=(2, len(table)))
    table = table.assign(valid_accuracy=50 + table["width"] / 8 + noise[0], early_seconds=10.0, valid_seconds=1.0)
    table = table.assign(test_accuracy=table["valid_accuracy"] - 1, params=table["width"] * 100, flops=table["width"])
    table = table.assign(early_valid_accuracy=table["valid_accuracy"] - 9 + noise[1]).drop(columns="width")
    table.to_csv(project.folder / "blocks.csv", index=False)
    target = "report.pdf" if shutil.which("latexmk") else "tex"
    project.snakemake("--cores", "2", "--configfile", "toys.yaml", "--", target)
    return project


@pytest.mark.slow
def test_a_file_each_is_all_that_an_addition_takes(toys):
    results = toys.folder / "results/toys"
    scores = pd.read_csv(results / "scores/toy-images.csv.gz").set_index("arch")["toy_proxy"]
    assert scores["|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"] == 6
    assert "toys" in set(pd.read_csv(results / "summaries/search.csv")["search"])
    assert pd.read_csv(results / "summaries/toy-summary.csv")["cells"].tolist() == [len(scores)]
    assert pd.read_csv(results / "tables/toy.csv")["Cells"].tolist() == [len(scores)]
    drawn = pd.read_csv(results / "figures/toy-toy-images.csv")
    assert drawn.loc[drawn["series"] == "cells", "y"].tolist() == [len(scores)]
    text = (results / "report.tex").read_text()
    for words in ("Toy proxy", "Toy search", r"\section{A toy}", r"\result{toy.cells}"):
        assert words in text, words


@pytest.mark.slow
def test_a_space_is_one_file(toys):
    """Searches, ground truth, tables and the report of a study on another space, with scores given as a table."""
    toys.snakemake("--cores", "2", "--configfile", "blocks.yaml", "--", "tex")
    results = toys.folder / "results/blocks"
    truth, scores = pd.read_parquet(results / "truth/digits.parquet"), pd.read_csv(results / "scores/digits.csv.gz")
    assert len(truth) == len(scores) == 64
    assert truth["arch"].tolist() == scores["arch"].tolist()
    assert json.loads((results / "truth/digits.json").read_text())["space"] == "three-blocks"
    runs = pd.read_parquet(results / "runs/digits/widest/seeds-0-2.parquet")
    assert set(runs["arch"]) == {"64-64-64"}
    chosen = pd.concat(pd.read_parquet(path) for path in results.glob("runs/digits/*/seeds-*.parquet"))
    assert set(chosen["arch"]) <= set(truth["arch"])
    summary = pd.read_csv(results / "summaries/search.csv")
    assert set(summary["search"]) == set(SPACE_STUDY["search"]["use"])
    partial = pd.read_csv(results / "summaries/proxies.csv")["partial_spearman"]
    assert partial.isna().all(), "parameters say the ranks of the widths, as this truth has them"
    text = (results / "report.tex").read_text()
    assert "space of three blocks" in text
    assert "block 0" in text
    assert "six edges" not in text
    assert not toys.planned("--configfile", "blocks.yaml", "--", "tex")
    toys.edit("src/tfnas/spaces/three_blocks.py", "# another word\n")
    again = set(toys.planned("--configfile", "blocks.yaml", "--", "tex"))
    assert {"truth_from_table", "run_search", "summarise_search"} <= again
    assert not toys.planned("--configfile", "toys.yaml"), "the other study does not use it"


@pytest.mark.slow
def test_what_a_toy_changes_is_its_own(toys):
    """Taking the toys away again leaves what others are made of as it was."""
    planned = toys.planned("--configfile", "toys.yaml")
    assert not planned
    toys.edit("src/tfnas/report/exhibits/toy_table.py", "# another word\n")
    assert set(toys.planned("--configfile", "toys.yaml")) - {"copy_report"} == {
        "tabulate_toy", "render_report", "compile_report", "all",
    }  # fmt: skip


def test_the_library_lists_the_toys_nowhere(root):
    """The names of the toys stand in no file but this one."""
    done = subprocess.run(
        ["git", "grep", "-lE", "toy_(proxy|search)|toy-images"], cwd=root, capture_output=True, text=True
    )
    if done.returncode > 1:
        pytest.skip("this is no git repository")
    assert set(done.stdout.split()) <= {"tests/workflow/test_additions.py"}
