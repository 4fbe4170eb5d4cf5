"""What a text shows: that an act of its type was done, or nothing.

A text shows it in one of two ways, each in one language. Its words say so: a form of an act that its type names ("approved", "a été
signée", "gelanceerd") with nothing but known words after it, for what follows can take it back ("approved in principle"). Or it is
a record without a verb: nothing but known words, names and numbers, of a type that names an act ("Closing of calls"). A word that is
not known proves nothing either way, so it leaves the reading open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, get_args

from cli.importing.accomplished import NAMED
from cli.importing.language import LANGUAGES, Language
from cli.importing.vocabulary import PHRASES
from cli.importing.wording import INFINITIVE
from contracts.objectives import FactType

# Types that name a thing or a term: their name does not say that something happened.
THINGS: Final = frozenset({"advance", "contract", "study", "deadline", "target", "other"})
NAMING_AN_ACT: Final = frozenset(get_args(FactType)) - THINGS
# Of these a type is not named by a participle ("selected") but by a noun, which may be asked for or prepared: the text must name the act.
NOUNS: Final = frozenset(
    {"submission", "approval", "refusal", "opinion", "commitment", "liquidation", "public_inquiry", "publication"}
)
# Of these a share is a fact: "13 % of the credits liquidated". Half a study is no study.
SHARED: Final = frozenset({"commitment", "liquidation", "advance", "advance_paid"})

WRITTEN: Final = re.compile(r"""(?:(?!\.\.)[\w\s.,;:()/'"«»“”°%€&+\u2013-])*""")
TITLE: Final = re.compile(r"«\s*[A-ZÀ-Þ][^«»]*»|“[A-ZÀ-Þ][^“”]*”|\"[A-ZÀ-Þ][^\"]*\"")
PHRASE: Final = re.compile("|".join(PHRASES), re.IGNORECASE)
# Where a sentence or an aside begins, a capital does not make a name.
WORD: Final = re.compile(r"(?P<start>(?:^|[.:;(])\s*)?(?P<word>\w+)")
INTENTION: Final = re.compile("|".join(INFINITIVE))
DRAFT: Final = re.compile(
    r"\bprojets? d(?:e |e la |e l'|')(?:avis|convention|contrat|accord|arrêté|décret|ordonnance|règlement|décision|loi)",
    re.IGNORECASE,
)
SHARE: Final = re.compile(r"(?<![\d.,])(?!100 ?%)\d+(?:[.,]\d+)? ?%")
# Four digits may be a year in any date ("31/12/2030", "01.2030", "2030-01"); those of a series ("2024-2028") are none of the fact.
YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")
SERIES: Final = re.compile(r"(?<![\w./-])\d{4}[\u2013-](?:19|20|21)\d{2}(?![\w/\u2013-]|\.\d)")
SHORT_DATE: Final = re.compile(r"(?<![\d./-])\d{1,2}([./-])\d{1,2}\1(?P<year>\d{2})(?![\d/-]|\.\d)")
# Ahead of a verb: the year that a thing is for, not the year of the act ("Budget for 2024 approved").
MEANT_FOR: Final = re.compile(r"(?<=\w )(?:for|pour) \d{4} $")
# What is more is a quantity.
LAST_YEAR: Final = 2199
# Longer words in capitals are no abbreviations: "AFGELAST".
ABBREVIATION: Final = 5


def shows(written: str, kind: str, *, in_account: bool, realised_year: int) -> bool:
    """Return whether a text shows that what its type names happened.

    written: without words of doubt. in_account: whether it stands in the account of a year, where a record without a verb counts.
    realised_year: the last that the note gives account of; nothing of a later year has happened.
    """
    if WRITTEN.fullmatch(written) is None or (kind not in SHARED and SHARE.search(written)):
        return False
    text = PHRASE.sub(" ", TITLE.sub(" ", written))
    if any(_says(text, kind, language, realised_year) for language in LANGUAGES):
        return True
    if not in_account or kind not in NAMING_AN_ACT or DRAFT.search(written) or _is_later(text, realised_year):
        return False
    return any(_records(text, kind, language) for language in LANGUAGES)


def _says(text: str, kind: str, language: Language, realised_year: int) -> bool:
    """Return whether an act of the type is said to be done, without another verb before it or an unknown word after it."""
    lower = text.lower()
    if kind in NAMED and re.search(NAMED[kind], lower) is None:
        return False
    forms = language.forms(kind).finditer(lower)
    return any(_stands(text, form.span(), language, realised_year) for form in forms)


def _stands(text: str, form: tuple[int, int], language: Language, realised_year: int) -> bool:
    """Return whether nothing around a form of an act takes it back."""
    first, end = form
    start = _verb(text.lower(), first, language)
    subject = text[:start]
    names = _capitals_tell(text) and (first == 0 or text[first].islower())
    rest = [*_words(text[start:first], names=names), *_words(text[end:], names=names)]
    return (
        all(map(language.knows, rest))
        and not _is_later(MEANT_FOR.sub("", subject) + text[start:], realised_year)
        and not any(map(language.is_verbal, _words(subject, names=False)))
        and not _intends(subject.lower(), language)
    )


def _records(text: str, kind: str, language: Language) -> bool:
    """Return whether a text does nothing but name something, and no other act than its type's."""
    words = [word for word in _words(text, names=_capitals_tell(text)) if word not in language.links]
    if not words or (kind in NOUNS and not any(language.names_act(word, kind) for word in words)):
        return False
    return all(language.names(word, kind) for word in words)


def _capitals_tell(text: str) -> bool:
    """Return whether a capital makes a name: not in "Event Called Off"."""
    return any(map(str.islower, text.split()[1:]))


def _verb(text: str, participle: int, language: Language) -> int:
    """Return where the verb of a participle begins: at its first auxiliary, when it has one."""
    words = WORD.finditer(text, 0, participle)
    return next((each.start("word") for each in words if each["word"] in language.auxiliaries), participle)


def _intends(text: str, language: Language) -> bool:
    """Return whether a text speaks of a purpose; a noun that looks like an infinitive is none."""
    return any(not language.knows(found[0].split()[-1]) for found in INTENTION.finditer(text))


def _is_later(text: str, realised_year: int) -> bool:
    """Return whether a text, without its titles, holds what may be a year after the last that the note gives account of."""
    return any(realised_year < year <= LAST_YEAR for year in _years(SERIES.sub(" ", text)))


def _years(text: str) -> Iterator[int]:
    yield from (int(found[0]) for found in YEAR.finditer(text))
    yield from (2000 + int(found["year"]) for found in SHORT_DATE.finditer(text))


def _words(text: str, *, names: bool) -> Iterator[str]:
    """Yield the words of a text in lower case, but no numbers. names: leave out what its capitals show to be a name."""
    for found in WORD.finditer(text):
        word = found["word"]
        number = any(map(str.isdigit, word))
        if not number and not (names and _is_name(word, starts=found["start"] is not None)):
            yield word.lower()


def _is_name(word: str, *, starts: bool) -> bool:
    if word.isupper():
        return len(word) <= ABBREVIATION
    inside = any(map(str.isupper, word[1:]))
    return inside or (word[0].isupper() and not starts)
