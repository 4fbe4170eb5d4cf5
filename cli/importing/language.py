"""What the importer knows of English, French and Dutch: forms of acts that were done, and words that say nothing of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, get_args

from cli.importing.accomplished import ACTS, DUTCH, ENGLISH, FRENCH, NARROW, NOUNS
from cli.importing.vocabulary import (
    AFTER_VERB,
    AUXILIARIES,
    ENDINGS,
    LINKS,
    NO_PARTICIPLES,
    PROPER,
    WORDS,
    Tongue,
)

FORMS: Final[dict[Tongue, dict[str, str]]] = {"en": ENGLISH, "fr": FRENCH, "nl": DUTCH}
OF_ACTS: Final = frozenset(" ".join(NOUNS.values()).split())
# What a participle looks like, or an adverb that can qualify one ("allegedly").
VERBAL: Final[dict[Tongue, re.Pattern[str]]] = {
    "en": re.compile(r"\w{3,}(?:ed|ly)"),
    "fr": re.compile(r"\w{2,}(?:ée?s?|[ae]mment|ément|ument|(?:ell|iv|eus)ement)"),
    "nl": re.compile(r"(?:\w+)?ge\w{2,}[dt]|(?:be|ver|ont|her)\w{3,}[dt]|\w{3,}(?:baar|lijk)"),
}


@dataclass(frozen=True)
class Language:
    """One language.

    links: words between nouns. after_verb: what may follow a verb besides nouns. auxiliaries: "was", "a été". no_participles: words
    that only look like one.
    """

    tongue: Tongue
    links: frozenset[str]
    nouns: frozenset[str]
    after_verb: frozenset[str]
    auxiliaries: frozenset[str]
    no_participles: frozenset[str]

    @classmethod
    def of(cls, tongue: Tongue) -> Language:
        """Return what is known of a language."""
        words = (
            form for act, forms in FORMS[tongue].items() if act not in {*NARROW, "refuse"} for form in forms.split()
        )
        done = {each for form in words if "_" not in form for each in _agreeing(form, tongue)}
        return cls(
            tongue=tongue,
            links=frozenset(LINKS[tongue].split()),
            nouns=frozenset(f"{WORDS[tongue]} {PROPER}".split()),
            after_verb=frozenset({*AFTER_VERB[tongue].split(), *AUXILIARIES[tongue].split(), *done}),
            auxiliaries=frozenset(AUXILIARIES[tongue].split()),
            no_participles=frozenset(NO_PARTICIPLES[tongue].split()),
        )

    def knows(self, word: str) -> bool:
        """Return whether a word takes nothing back from a verb that it follows."""
        return (
            word in self.links or word in self.after_verb or self._among(word, self.nouns) or self._among(word, OF_ACTS)
        )

    def names(self, word: str, kind: str) -> bool:
        """Return whether a word is a noun or an adjective, and none of another act than those of a type of facts."""
        return self.names_act(word, kind) or (self._among(word, self.nouns) and not self._among(word, OF_ACTS))

    def names_act(self, word: str, kind: str) -> bool:
        """Return whether a word is a noun of an act of a type of facts."""
        return self._among(word, _nouns(kind))

    def is_verbal(self, word: str) -> bool:
        """Return whether an unknown word may be a participle or an adverb."""
        looks = VERBAL[self.tongue].fullmatch(word) is not None
        return looks and not self.knows(word) and not self._among(word, self.no_participles)

    def forms(self, kind: str) -> re.Pattern[str]:
        """Return the pattern of what says, in lower case, that an act of a type of facts was done."""
        return _forms(self.tongue, kind)

    def _among(self, word: str, words: frozenset[str]) -> bool:
        """Return whether words hold a word, its singular or its masculine."""
        endings = ENDINGS[self.tongue]
        return word in words or any(
            word.endswith(ending) and word.removesuffix(ending) + other in words for ending, other in endings
        )


@cache
def _nouns(kind: str) -> frozenset[str]:
    return frozenset(noun for act in ACTS[kind] for noun in NOUNS.get(act, "").split())


@cache
def _forms(tongue: Tongue, kind: str) -> re.Pattern[str]:
    forms = FORMS[tongue]
    acts = ACTS.get(kind, [act for act in forms if act not in NARROW])
    spelled = {each for act in acts for form in forms.get(act, "").split() for each in _agreeing(form, tongue)}
    return re.compile(rf"\b(?:{'|'.join(sorted(spelled, reverse=True))})\b")


def _agreeing(form: str, tongue: Tongue) -> list[str]:
    """Return a form in its genders and numbers, which a French participle has."""
    if tongue == "fr" and "_" not in form:
        return [form, f"{form}e", f"{form}s", f"{form}es"]
    return [form.replace("_", " ")]


LANGUAGES: Final = tuple(Language.of(tongue) for tongue in get_args(Tongue))
