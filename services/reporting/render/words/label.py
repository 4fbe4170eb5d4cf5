"""One name in the three languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Self

from contracts.types import Language


class Label(NamedTuple):
    """One name in three languages."""

    fr: str
    nl: str
    en: str

    @classmethod
    def of(cls, told: Callable[[Language], str]) -> Self:
        """Return what a function tells in each language."""
        return cls(told("fr"), told("nl"), told("en"))

    @classmethod
    def same(cls, words: str) -> Self:
        """Return words that are the same in every language."""
        return cls(words, words, words)

    @classmethod
    def joined(cls, *labels: Label | None, separator: str = ", ") -> Self | None:
        """Return several names as one; None when there are none."""
        said = [label for label in labels if label is not None]
        return cls(*(separator.join(words) for words in zip(*said, strict=True))) if said else None

    def get(self, language: Language) -> str:
        """Return the name in a language."""
        match language:
            case "fr":
                return self.fr
            case "nl":
                return self.nl
            case "en":
                return self.en
