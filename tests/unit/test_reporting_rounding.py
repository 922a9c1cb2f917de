import math

import pytest

from tfnas.errors import ReportError
from tfnas.report.rounding import escape, plain, show, show_mean


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (94.374, "accuracy", "94.37"),
        (-0.004, "accuracy", "0.00"),
        (0.7934, "correlation", "0.793"),
        (-0.06, "correlation", "$-0.060$"),
        (3.049, "seconds", "3.05"),
        (30.01, "seconds", "30.0"),
        (99.96, "seconds", "100"),
        (306.19, "seconds", "306"),
        (12000.4, "seconds", r"12\,000"),
        (0.02113, "seconds", "0.0211"),
        (0, "seconds", "0"),
        (0.4137, "share", "41.4"),
        (3.16, "ratio", "3.2"),
        (9.96, "ratio", "10"),
        (1540.2, "ratio", "1540"),
        (9999, "count", "9999"),
        (15625, "count", r"15\,625"),
        (0.306, "value", "0.3060"),
        (float("nan"), "accuracy", "--"),
        (None, "seconds", "--"),
        (math.inf, "ratio", "--"),
        ("a_b", "text", r"a\_b"),
    ],
)
def test_one_rule_per_kind(value, kind, expected):
    assert show(value, kind) == expected


def test_plain_text_has_no_tex():
    assert plain(-15625, "count") == "\N{MINUS SIGN}15\N{THIN SPACE}625"


def test_an_unknown_kind_is_named():
    with pytest.raises(ReportError, match="'speed' is no kind of quantity"):
        show(1.0, "speed")


def test_mean_with_deviation():
    assert show_mean(93.704, 0.36) == r"93.70\,\textpm\,0.36"
    assert show_mean(93.704, 0.36, bold=True) == r"\textbf{93.70}\,\textpm\,0.36"
    assert show_mean(94.36, None) == "94.36"
    assert show_mean(float("nan"), 1.0) == "--"


def test_every_special_character_of_tex_is_escaped():
    text = "50 % of a_b & c#1 {x} $y$ ~z ^2 \\w |op~0| <> ±"
    shown = escape(text)
    assert shown == (
        r"50 \% of a\_b \& c\#1 \{x\} \$y\$ \textasciitilde{}z \textasciicircum{}2 \textbackslash{}w "
        r"\textbar{}op\textasciitilde{}0\textbar{} \textless{}\textgreater{} $\pm$"
    )
