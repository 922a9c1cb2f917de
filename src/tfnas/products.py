"""Summaries and exhibits: what one file declares, from which one loop of rules makes the jobs.

A *summary* is a table that exhibits read: a module of :mod:`tfnas.analysis` with a ``SPEC`` and a function ``make``.
An *exhibit* is a figure or a table of the report: a module of :mod:`tfnas.report.exhibits` with the same two. To add
one is to add its file; nothing lists them::

    SPEC = Exhibit(
        kind="table",
        category="Searches",
        needs={"regret": "summaries/regret.csv"},
        params=("searches", "datasets"),
        when=lambda study: len(study.searches) > 1,
    )

    def make(inputs, params, output): ...

When the workflow starts it reads ``SPEC`` and the first line of the docstring, which is what Snakemake says when the
job starts: no line of the module runs besides, so that a module may import at its top what it computes with. A job
imports the one module that it makes.

``inputs`` and ``params`` have an attribute for each entry of ``needs`` and ``params``; ``output`` has one for each file
that the job writes: ``table`` of a summary and those of ``also``; ``pdf`` or ``tex``, and ``csv``, of an exhibit.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

Named = SimpleNamespace
"""What ``make`` takes: an attribute for each input, parameter or output of its job."""

Paths = str | list[str] | dict[str, str]
"""One file; several; or several by name."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """What a summary and an exhibit have in common.

    Attributes:
        category: heading in Snakemake's report.
        name: name of the file that is made, without its ending: that of the module, ``regret_table`` makes ``regret``.
        needs: input by name. A text is a path below the results of the study; with ``{dataset}`` in it, it stands for
            ``{dataset: path}`` over all datasets, or for one path where one product is made for each dataset. A
            function takes the study and returns :data:`Paths`. A summary that the study does not make is None.
        params: what the study says, by name: attributes of :class:`tfnas.study.Study`, or functions of it.
        prints: registries whose words it shows, ``searches`` or ``proxies``: to edit a title makes it again. What takes
            ``searches`` prints both by default, for a search is called by its proxy, what takes ``scored`` the latter.
        calls: registries whose code it runs, ``proxies``.
        when: whether a study makes it.
        each: ``dataset`` or ``proxy`` where one is made for each of them (``{name}-{dataset}``), else empty.
        local: whether it takes seconds, as all exhibits do, so that it runs where Snakemake runs and not as a job of a
            cluster.
        message: what Snakemake says when the job starts; the registry fills it in.
        module: the module that declares it; the registry fills it in.
    """

    category: str
    name: str = ""
    needs: Mapping[str, str | Callable[[Any], Paths]] = field(default_factory=dict)
    params: tuple[str, ...] | Mapping[str, str | Callable[[Any], Any]] = ()
    prints: tuple[str, ...] | None = None
    calls: tuple[str, ...] = ()
    when: Callable[[Any], bool] = lambda study: True
    each: str = ""
    local: bool = False
    message: str = ""
    module: str = ""

    @property
    def verb(self) -> str:
        """First word of the name of its rule; that of a topic is never asked for, as all of them share one rule."""
        return "summarise"

    @property
    def rule(self) -> str:
        """Name of its rule."""
        return f"{self.verb}_{self.name.replace('-', '_')}"

    @property
    def printed(self) -> tuple[str, ...]:
        """The registries whose words it shows."""
        if self.prints is not None:
            return self.prints
        return ("searches", "proxies") if "searches" in self.params else ("proxies",) if "scored" in self.params else ()

    @property
    def job(self) -> str:
        """Path of the log and of the seconds of its jobs, without ending."""
        return self.rule + (f"/{{{self.each}}}" if self.each else "")


@dataclass(frozen=True, kw_only=True)
class Summary(Product):
    """A table that exhibits read, ``summaries/{name}.csv``.

    Attributes:
        also: further files of the same job below ``summaries/``, by name of the output.
    """

    prints: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """Names of the tables that it makes below ``summaries/``, by name of the output."""
        return {"table": f"{self.name}.csv", **self.also}

    @property
    def outputs(self) -> dict[str, str]:
        """Paths of the files of its rule below the results of a study: tables with their facts."""
        paths = {name: f"summaries/{file}" for name, file in self.files.items()}
        return paths | {f"{name}_facts": str(Path(path).with_suffix(".json")) for name, path in paths.items()}

    @property
    def reported(self) -> list[str]:
        """Names of the outputs that Snakemake's report shows."""
        return [name for name, file in self.files.items() if file.endswith(".csv")]

    def caption(self, output: str) -> str:
        """Return the name of the caption of an output in ``report/captions``."""
        return f"{Path(self.files[output]).stem}-summary"


@dataclass(frozen=True, kw_only=True)
class Exhibit(Product):
    """A figure or a table of the report, with the numbers behind it beside it as CSV.

    Attributes:
        kind: ``figure`` (``figures/{name}.pdf``, ``.png``) or ``table`` (``tables/{name}.tex``).
        shown: of those under ``each`` the ones that the report shows, all by default; others are made when asked for.
    """

    kind: str
    local: bool = True
    shown: Callable[[Any], list[str]] | None = None

    @property
    def verb(self) -> str:
        """First word of the name of its rule."""
        return "draw" if self.kind == "figure" else "tabulate"

    @property
    def stem(self) -> str:
        """Path without ending below the results of a study, with the wildcard of ``each``."""
        return f"{self.kind}s/{self.name}" + (f"-{{{self.each}}}" if self.each else "")

    @property
    def outputs(self) -> dict[str, str]:
        """Paths of the files of its rule below the results of a study, first the one that the report shows."""
        endings = ("pdf", "png", "csv") if self.kind == "figure" else ("tex", "csv")
        return {ending: f"{self.stem}.{ending}" for ending in endings}

    @property
    def reported(self) -> list[str]:
        """Names of the outputs that Snakemake's report shows."""
        return ["png"] if self.kind == "figure" else ["csv"]

    def caption(self, output: str) -> str:
        """Return the name of the caption of an output in ``report/captions``."""
        return self.name if self.kind == "figure" else f"{self.name}-table"

    def files(self, study: Any) -> list[str]:
        """Return the files of it that the report shows."""
        path = next(iter(self.outputs.values()))
        if not self.each:
            return [study.file(path)]
        shown = self.shown(study) if self.shown else study.datasets if self.each == "dataset" else study.scored
        return [study.file(path.replace(f"{{{self.each}}}", one)) for one in shown]


@dataclass(frozen=True, kw_only=True)
class Topic(Product):
    """A topic of the numbers that the report's prose prints: a module of ``tfnas.report.numbers`` with ``add``.

    Attributes:
        after: names of the topics whose numbers it reads.
    """

    category: str = "Report"
    after: tuple[str, ...] = ()


def make(snakemake: Any) -> None:
    """Make the product of a job: hand its inputs, parameters and outputs to ``make`` of its module.

    Args:
        snakemake: the object that Snakemake gives to a script.
    """
    params = dict(snakemake.params.items()) | dict(snakemake.wildcards.items())
    module = importlib.import_module(params["module"])
    outputs = Named(**dict(snakemake.output.items()))
    module.make(inputs_of(module, snakemake, params), Named(**params), outputs)


def inputs_of(module: Any, snakemake: Any, params: Mapping[str, Any], before: str = "") -> Named:
    """Return the inputs of a module as it declares them: one path, several, or several by name."""
    inputs: dict[str, Any] = {}
    for name, need in module.SPEC.needs.items():
        paths = snakemake.input[before + name]
        paths = [paths] if isinstance(paths, str) else list(paths)
        if name in params["named"]:
            inputs[name] = dict(zip(params["named"][name], paths, strict=True))
        else:
            inputs[name] = paths if callable(need) else next(iter(paths), None)
    return Named(**inputs)
