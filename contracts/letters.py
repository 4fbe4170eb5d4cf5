"""Printed letters in one form, without turning a footnote mark into a digit. Pure."""

from __future__ import annotations

import unicodedata
from itertools import groupby


def normal(text: str) -> str:
    """Return a text in Unicode's compatibility form (NFKC), but for marks that it would turn into digits, which stay.

    A full-width digit becomes a digit; raised, lowered and circled ones and fractions ("¹", "₂", "①", "½") do not.
    """
    return "".join(
        "".join(run) if marks else unicodedata.normalize("NFKC", "".join(run)) for marks, run in groupby(text, is_mark)
    )


def is_mark(letter: str) -> bool:
    """Return whether a letter is no digit, though Unicode's compatibility form makes digits of it."""
    plain = unicodedata.normalize("NFKC", letter)
    return unicodedata.category(letter) != "Nd" and any(each in "0123456789" for each in plain)
