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

from cli.importing.accomplished import NAMED, OTHERWISE
from cli.importing.language import LANGUAGES, Language
from cli.importing.thresholds import NUMBER_WORDS
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
    r"\bprojets? d(?:e |e la |e l'|')(?:arrêté|décret|ordonnance|règlement|décision|loi)",
    re.IGNORECASE,
)
# The papers or the plan of an act are not the act: "Approval file", "Projet de convention", "Dossier goedkeuring".
PAPERS: Final = r"(?:projects?|projets?|projecten|dossiers?|files?|applications?)"
AGREED: Final = (
    r"(?:conventions?|conventies?|contracts?|contrats?|overeenkomst(?:en)?|agreements?|accords?|stud(?:y|ies?)|études?)"
)
PAPERS_OF: Final = re.compile(rf"\b{PAPERS} (?:(?:de |d'|of |van |tot |voor )(?:the |la |l'|de |het )?)?(?P<act>\w+)")
ACT_PAPERS: Final = re.compile(rf"\b(?P<act>\w+) {PAPERS}\b")
# A part of a hundred, and a part of a number; "so 3 out of 13" counts the things that are named before it.
COUNT: Final = rf"(?:\d{{1,3}}|{'|'.join(NUMBER_WORDS)})"
SHARE: Final = re.compile(
    r"(?<![\d.,])(?!100 ?%)\d+(?:[.,]\d+)? ?%"
    r"|(?<![\d.,/-])\d{1,3} ?/ ?\d{1,3}(?![\d/-]|\.\d)"
    rf"|(?<!, so )(?<![\w.,/-]){COUNT} (?:\w+ )?(?:out of|of|sur|van|op|des)(?: the| les| de| all)? {COUNT}(?![\w/-]|[.,]\d)",
    re.IGNORECASE,
)
# Four digits may be a year in any date ("31/12/2030", "01.2030", "2030-01"); those of a series ("2024-2028") are none of the fact.
YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")
SERIES: Final = re.compile(r"(?<![\w./-])\d{4}[\u2013-](?:19|20|21)\d{2}(?![\w/\u2013-]|\.\d)")
# A year of two digits, after an apostrophe or beside a part of a year; and a day without anything between its parts.
SHORT_YEAR: Final = re.compile(
    r"(?<!\w)'(\d\d)(?!\w)|\b[QTSHK][1-4][ /'-]*(\d\d)(?!\w)|(?<!\w)(\d\d)[ /'-]*[QTSHK][1-4]\b", re.IGNORECASE
)
DAY: Final = r"(?:0[1-9]|[12]\d|3[01])"
MONTH: Final = r"(?:0[1-9]|1[0-2])"
RUN_DATE: Final = re.compile(rf"(?<!\d)(?:{DAY}{MONTH}(\d{{4}})|(\d{{4}}){MONTH}{DAY})(?!\d)")
SHORT_DATE: Final = re.compile(r"(?<![\d./-])\d{1,2}([./-])\d{1,2}\1(?P<year>\d{2})(?![\d/-]|\.\d)")
# Ahead of a verb: the year that a thing is for, not the year of the act ("Budget for 2024 approved").
MEANT_FOR: Final = re.compile(r"(?<=\w )(?:for|pour) \d{4} $")
# What is more is a quantity.
LAST_YEAR: Final = 2199
# Longer words in capitals are no abbreviations: "AFGELAST".
ABBREVIATION: Final = 5
# Capitals that stand alone are a remark, no name: "approved OFF", "approuvé (SAUF lot 2)".
AMONG_WORDS: Final = re.compile(r"^|(?<=[\w:,;.][ '/-])")


def shows(written: str, kind: str, *, in_account: bool, realised_year: int) -> bool:
    """Return whether a text shows that what its type names happened.

    written: without words of doubt. in_account: whether it stands in the account of a year, where a record without a verb counts.
    realised_year: the last that the note gives account of; nothing of a later year has happened.
    """
    if WRITTEN.fullmatch(written) is None or (kind not in SHARED and SHARE.search(written)):
        return False
    text = PHRASE.sub(" ", TITLE.sub(" ", written))
    if not _means(text.lower(), kind):
        return False
    if any(_says(text, kind, language, realised_year) for language in LANGUAGES):
        return True
    if not in_account or kind not in NAMING_AN_ACT or DRAFT.search(written) or _is_later(text, realised_year):
        return False
    return any(_records(text, kind, language) for language in LANGUAGES)


def _says(text: str, kind: str, language: Language, realised_year: int) -> bool:
    """Return whether an act of the type is said to be done, without another verb before it or an unknown word after it."""
    if kind in NAMED and _is_papers(text.lower(), kind, language):
        return False
    forms = language.forms(kind).finditer(text.lower())
    return any(_stands(text, form.span(), language, realised_year) for form in forms)


def _means(text: str, kind: str) -> bool:
    """Return whether the words of a type's act speak of that act in a text."""
    if kind in NAMED and re.search(NAMED[kind], text) is None:
        return False
    return kind not in OTHERWISE or re.search(OTHERWISE[kind], text) is None


def _is_papers(text: str, kind: str, language: Language) -> bool:
    """Return whether a text speaks of the papers or the plan of an act."""
    acts = (found["act"] for pattern in (PAPERS_OF, ACT_PAPERS) for found in pattern.finditer(text))
    return any(re.fullmatch(AGREED, act) or language.names_act(act, kind) for act in acts)


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
    if _is_papers(text.lower(), kind, language):
        return False
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
    yield from (int(found[1] or found[2]) for found in RUN_DATE.finditer(text))
    yield from (2000 + int(found["year"]) for found in SHORT_DATE.finditer(text))
    yield from (2000 + int(found[found.lastindex or 0]) for found in SHORT_YEAR.finditer(text))


def _words(text: str, *, names: bool) -> Iterator[str]:
    """Yield the words of a text in lower case, but no numbers. names: leave out what its capitals show to be a name."""
    for found in WORD.finditer(text):
        word = found["word"]
        number = any(map(str.isdigit, word))
        if not number and not (names and _is_name(found)):
            yield word.lower()


def _is_name(found: re.Match[str]) -> bool:
    word = found["word"]
    if word.isupper():
        return len(word) <= ABBREVIATION and AMONG_WORDS.match(found.string, found.start("word")) is not None
    inside = any(map(str.isupper, word[1:]))
    return inside or (word[0].isupper() and found["start"] is None)
