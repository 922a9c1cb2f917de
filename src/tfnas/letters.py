"""Which letters the report can print, and how LaTeX wants them.

``report/main.tex`` is set by pdfLaTeX with fonts of 256 letters each (T1 and TS1), which have Latin letters and a few
signs. Greek letters and common signs are set as mathematics. Any other letter would stop LaTeX in the last step of a
study, so :func:`check_letters` refuses it where the text is read.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from tfnas.errors import ConfigError, TfnasError

_AS_THEY_ARE = (
    "\u00a1¢£¤¥¦§©ª«¬\u00ad®°²³¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĨĩĪīĬĭĮįİıĴĵĶķĹĺĻļĽľŁłŃńŅņŇňŊŋŌōŎŏŐőŒœŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŨũŪūŬŭŮůŰűŲųŴŵ"
    "ŶŷŸŹźŻżŽžƒǍǎǏǐǑǒǓǔǢǣǦǧǨǩǪǫǰǴǵȘșȚțȲȳḂḃḍḞḟḠḡḥḰḱḷṃṅṇṛṣṭẎẏẐẑỲỳ\u2010\u2011\u2012―‘‚“”„†‡•‰‹›€℃"
)
"""Letters beyond ASCII that the fonts of the report have, each of which a test prints."""

_GREEK = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau upsilon "
    "varphi chi psi omega"
).split()
_CAPITALS = "A B Gamma Delta E Z H Theta I K Lambda M N Xi O Pi P Sigma T Upsilon Phi X Psi Omega".split()

_MATHEMATICS = {
    **{chr(0x3B1 + place): name if name == "o" else f"\\{name}" for place, name in enumerate(_GREEK)},
    **{
        chr(0x391 + place + (place > 16)): rf"\mathrm{{{name}}}" if len(name) == 1 else f"\\{name}"
        for place, name in enumerate(_CAPITALS)
    },
    **{chr(0x2080 + digit): f"_{{{digit}}}" for digit in range(10)},
    **{chr(0x2070 + digit): f"^{{{digit}}}" for digit in (0, *range(4, 10))},
    **{"µ": r"\mu", "Ω": r"\Omega", "ϵ": r"\epsilon", "ϑ": r"\vartheta", "ϕ": r"\phi", "ϱ": r"\varrho", "ϖ": r"\varpi"},
    **{"←": r"\leftarrow", "→": r"\rightarrow", "↑": r"\uparrow", "↓": r"\downarrow", "↔": r"\leftrightarrow"},
    **{"⇐": r"\Leftarrow", "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow", "↦": r"\mapsto"},
    **{"≤": r"\leq", "≥": r"\geq", "≪": r"\ll", "≫": r"\gg", "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv"},
    **{"≃": r"\simeq", "∼": r"\sim", "∝": r"\propto", "±": r"\pm", "∓": r"\mp", "×": r"\times", "÷": r"\div"},
    **{"−": "-", "∙": r"\bullet", "⋅": r"\cdot", "∘": r"\circ", "∗": r"\ast", "⊕": r"\oplus", "⊗": r"\otimes"},
    **{"∞": r"\infty", "∂": r"\partial", "∇": r"\nabla", "∆": r"\Delta", "√": r"\surd", "∑": r"\sum", "∏": r"\prod"},
    **{"∫": r"\int", "∈": r"\in", "∉": r"\notin", "∋": r"\ni", "⊂": r"\subset", "⊃": r"\supset", "⊆": r"\subseteq"},
    **{"⊇": r"\supseteq", "∪": r"\cup", "∩": r"\cap", "∅": r"\emptyset", "∀": r"\forall", "∃": r"\exists"},
    **{"∧": r"\wedge", "∨": r"\vee", "⟨": r"\langle", "⟩": r"\rangle", "‖": r"\|", "′": "'", "″": "''", "ℓ": r"\ell"},
    **{"ℝ": r"\mathbb{R}", "ℕ": r"\mathbb{N}", "ℤ": r"\mathbb{Z}", "⁺": "^{+}", "⁻": "^{-}", "★": r"\star"},
    **{"✓": r"\checkmark", "…": r"\ldots"},
}
"""Letters and signs that are set as mathematics."""

TEX = {
    **{letter: f"${code}$" for letter, code in _MATHEMATICS.items()},
    "\\": r"\textbackslash{}",
    **{letter: f"\\{letter}" for letter in "{}$&#%_"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}", "<": r"\textless{}"},
    **{">": r"\textgreater{}", '"': r"\textquotedbl{}", "–": "--", "—": "---", "’": "'", "™": r"\textsuperscript{TM}"},
    **dict.fromkeys("\t\n\r", " "),
    **{"\N{NO-BREAK SPACE}": "~", "\N{NARROW NO-BREAK SPACE}": r"\,", "\N{THIN SPACE}": r"\,"},
}
"""What LaTeX is given for letters that it would interpret or does not have."""

_PRINTED = frozenset([*map(chr, range(0x20, 0x7F)), *_AS_THEY_ARE, *TEX])


def unprintable(text: str) -> str:
    """Return the first letter of ``text`` that the report cannot print, empty if it can print all."""
    composed = unicodedata.normalize("NFC", text)
    return next((letter for letter in composed if letter not in _PRINTED), "")


def check_letters(value: Any, place: str, error: type[TfnasError] = ConfigError) -> None:
    """Refuse text with a letter that the report cannot print.

    Args:
        value: a text, or facts of a file: nested mappings and lists of them.
        place: where it stands, for the message.
        error: what is raised.

    Raises:
        TfnasError: names the place and the letter.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_letters(str(key), f"A key of {place}", error)
            check_letters(item, f"'{key}' of {place}", error)
    elif isinstance(value, list | tuple):
        for item in value:
            check_letters(item, place, error)
    elif isinstance(value, str) and (letter := unprintable(value)):
        raise error(
            f"{place} holds {ascii(letter) if not letter.isprintable() else repr(letter)} (U+{ord(letter):04X}), which "
            "the report cannot print: write Latin or Greek letters and common signs."
        )
