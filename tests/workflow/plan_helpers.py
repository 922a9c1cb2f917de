"""The plan of a study as Snakemake announces it: jobs with their inputs and outputs, and what follows from what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from workflow_helpers import Project


@dataclass(frozen=True)
class Plan:
    """All jobs of a study.

    Attributes:
        inputs: files that the jobs of a rule read, by rule.
        outputs: files that they write, by rule.
    """

    inputs: dict[str, set[str]]
    outputs: dict[str, set[str]]

    @classmethod
    def of(cls, project: Project, *arguments: str) -> Plan:
        """Read the plan off a dry-run in which everything runs; messages, which stand for a job, leave the copy."""
        for path in (project.folder / "rules").glob("*.smk"):
            path.write_text(re.sub(r"^ +message:\n.*\n", "", path.read_text(), flags=re.MULTILINE))
        inputs: dict[str, set[str]] = {}
        outputs: dict[str, set[str]] = {}
        rule = ""
        for line in project.snakemake("--dry-run", "--forceall", *arguments).splitlines():
            start = re.match(r"(?:local)?rule (\w+):$", line)
            rule = start[1] if start else rule
            files = re.match(r"    (input|output): (.*)$", line)
            if files:
                found = inputs if files[1] == "input" else outputs
                found.setdefault(rule, set()).update(files[2].split(", "))
        return cls(inputs, outputs)

    @cached_property
    def follows(self) -> dict[str, set[str]]:
        """The rules that read what a rule writes, by rule."""
        return {
            rule: {other for other, read in self.inputs.items() if read & written}
            for rule, written in self.outputs.items()
        }

    def reading(self, file: str) -> set[str]:
        """Return the rules that read a file."""
        return {rule for rule, read in self.inputs.items() if file in read}

    def with_what_follows(self, rules: Iterable[str]) -> set[str]:
        """Return rules and everything that follows from what they write."""
        found: set[str] = set()
        waiting = list(rules)
        while waiting:
            rule = waiting.pop()
            if rule not in found:
                found.add(rule)
                waiting += self.follows.get(rule, ())
        return found

    def first(self, rules: set[str]) -> set[str]:
        """Return those of some rules that do not follow from another of them."""
        return {
            one for one in rules if not any(one in self.with_what_follows([other]) - {other} for other in rules - {one})
        }
