"""The comparison of the two engines runs on every family and says how many times slower one is."""

import re

import pytest

from benchmarks import engines


def test_both_engines_are_timed_on_the_same_cells(capsys):
    small = ["--cells", "1", "--images", "4", "--channels", "2", "--cells-per-stage", "1"]
    engines.main([*small, "--families", "naswot", "zico"])
    lines = capsys.readouterr().out.splitlines()
    names, rows = lines[-3].split(), [line.split() for line in lines[-2:]]
    assert [row[0] for row in rows] == ["naswot", "zico"]
    for row in rows:
        batched, alone, ratio = map(float, row[-3:])
        assert ratio == pytest.approx(alone / batched, rel=0.02)
    assert names[0] == "family"
    assert re.fullmatch(r"naswot: [\d.]+", lines[0])
