"""What the importer knows of English, French and Dutch: forms of acts that were done, and words that say nothing of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, get_args

from cli.importing.accomplished import ACTS, DUTCH, ENGLISH, FRENCH, NARROW, NOUNS
from cli.importing.vocabulary import (
    AROUND_VERB,
    AUXILIARIES,
    ENDINGS,
    HEADINGS,
    LINKS,
    MONTHS,
    PAPERS,
    PREPOSITIONS,
    PROPER,
    QUALITIES,
    WORDS,
    Tongue,
)

FORMS: Final[dict[Tongue, dict[str, str]]] = {"en": ENGLISH, "fr": FRENCH, "nl": DUTCH}
OF_ACTS: Final = frozenset(" ".join(NOUNS.values()).split())


@dataclass(frozen=True)
class Language:
    """One language.

    links: words between nouns. leading: words that a name may follow. around_verb: what may stand around a verb besides nouns.
    papers: those of them that are papers and steps on the way to an act.
    auxiliaries: "was", "a été". headings: nouns that an account is sorted by. qualities: words that may follow a noun and name no thing.
    """

    tongue: Tongue
    links: frozenset[str]
    leading: frozenset[str]
    nouns: frozenset[str]
    around_verb: frozenset[str]
    papers: frozenset[str]
    auxiliaries: frozenset[str]
    headings: frozenset[str]
    qualities: frozenset[str]

    @classmethod
    def of(cls, tongue: Tongue) -> Language:
        """Return what is known of a language."""
        forms = (
            form for act, forms in FORMS[tongue].items() if act not in {*NARROW, "refuse"} for form in forms.split()
        )
        done = {each for form in forms if "_" not in form for each in _agreeing(form, tongue)}
        links, prepositions = LINKS[tongue].split(), PREPOSITIONS[tongue].split()
        return cls(
            tongue=tongue,
            links=frozenset(links),
            leading=frozenset([*links, *prepositions]),
            nouns=frozenset(f"{WORDS[tongue]} {MONTHS[tongue]} {PROPER}".split()),
            papers=frozenset(PAPERS[tongue].split()),
            around_verb=frozenset(
                {
                    *PAPERS[tongue].split(),
                    *AROUND_VERB[tongue].split(),
                    *AUXILIARIES[tongue].split(),
                    *prepositions,
                    *done,
                },
            ),
            auxiliaries=frozenset(AUXILIARIES[tongue].split()),
            headings=frozenset(f"{HEADINGS[tongue]} {PROPER}".split()),
            qualities=frozenset(f"{QUALITIES} {MONTHS[tongue]}".split()),
        )

    def knows(self, word: str) -> bool:
        """Return whether a word takes nothing back from a verb that it stands beside."""
        return (
            word in self.links
            or word in self.around_verb
            or self._among(word, self.nouns)
            or self._among(word, OF_ACTS)
        )

    def leads(self, word: str) -> bool:
        """Return whether a name may follow a word: an article or a preposition."""
        return word in self.leading

    def heads(self, word: str) -> bool:
        """Return whether a word may stand in a heading."""
        return word in self.leading or self._among(word, self.headings)

    def names_thing(self, word: str) -> bool:
        """Return whether a word is a noun, or an adjective that stands before one."""
        return self._among(word, self.nouns | OF_ACTS) and not self._among(word, self.qualities)

    def names(self, word: str, kind: str) -> bool:
        """Return whether a word is a noun or an adjective, and none of another act than those of a type of facts."""
        return self.names_act(word, kind) or (self._among(word, self.nouns) and not self._among(word, OF_ACTS))

    def names_act(self, word: str, kind: str) -> bool:
        """Return whether a word is a noun of an act of a type of facts."""
        return self._among(word, _nouns(kind))

    def is_paper(self, word: str) -> bool:
        """Return whether a word names an act, or a paper or a step on the way to one."""
        return word in self.papers or self._among(word, OF_ACTS)

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
    return frozenset(noun for act in ACTS.get(kind, ()) for noun in NOUNS.get(act, "").split())


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
