"""What a text shows: that an act of its type was done, or nothing.

A text shows it in one of two ways, each in one language. Its words say so: a form of an act that its type names ("approved", "a été
signée", "gelanceerd"). Or it is a record without a verb, of a type that names an act ("Closing of calls"). Either way every word must be
known, but for names, and a name stands where one is expected. What is around an act can take it back ("once approved", "approved in
principle"), and a word that is not known proves nothing either way, so it leaves the reading open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, get_args

from cli.importing.accomplished import NAMED
from cli.importing.language import LANGUAGES, Language
from cli.importing.money import OF_CREDITS, OF_MONEY, is_record_of_money, is_said_of_money
from cli.importing.thresholds import NUMBER_WORDS
from cli.importing.vocabulary import PHRASES
from cli.importing.years import NAMED_MONTH, is_later
from contracts.objectives import FactType

# Types that name a thing or a term: their name does not say that something happened.
THINGS: Final = frozenset({"advance", "contract", "study", "deadline", "target", "other"})
NAMING_AN_ACT: Final = frozenset(get_args(FactType)) - THINGS
# Of these a type is not named by a participle ("selected") but by a noun, which may be asked for or prepared: the text must name the act.
NOUNS: Final = frozenset(
    {
        "submission",
        "approval",
        "refusal",
        "opinion",
        "commitment",
        "liquidation",
        "public_inquiry",
        "publication",
        "event_held",
    }
)
# Of these a share is a fact: "Advance of 20 % paid". Half a study is no study.
SHARED: Final = frozenset({"advance", "advance_paid"})

WRITTEN: Final = re.compile(r"""(?:(?!\.\.)[\w\s.,;:()/'"«»“”°%€&+\u2013-])*""")
TITLE: Final = re.compile(r"«\s*[A-ZÀ-Þ][^«»]*»|“[A-ZÀ-Þ][^“”]*”|\"[A-ZÀ-Þ][^\"]*\"")
PHRASE: Final = re.compile("|".join(PHRASES), re.IGNORECASE)
WORD: Final = re.compile(r"\w+")
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
NUMBERS: Final = "|".join(NUMBER_WORDS)
COUNT: Final = rf"(?:\d{{1,3}}|{NUMBERS})"
ONE_OF: Final = r"(?:out of|of|sur|parmi|van|op|uit|des)(?: the| les| des?| all)?"
SHARE: Final = re.compile(
    r"(?<![\d.,])(?!100 ?%)\d+(?:[.,]\d+)? ?%"
    r"|(?<![\d.,/-])\d{1,3} ?/ ?\d{1,3}(?![\d/-]|\.\d)"
    rf"|(?<!, so )(?<![\w.,/-]){COUNT} (?:(?:[^\W\d][\w']*,? ){{0,3}}\(?{ONE_OF}|in) {COUNT}(?![\w/-]|[.,]\d)(?! {NAMED_MONTH})"
    r"|\b(?:an?|one|une?|een|één|\d|deux|trois|twee|drie|two|three) "
    r"(?:(?:third|quarter|fifth)s?|tiers|quarts?|séries?|cinquièmes?|derden?|kwart|vijfden?)(?= (?:of|des?|du|van)\b|\W*$)"
    rf"|(?:\b(?:{NUMBERS})|(?:^|[:;,(] ?)\d{{1,3}}) (?:of (?:the|these|those)|des|d'entre|van (?:de|deze))\b",
    re.IGNORECASE,
)
# "In two months" is a term.
TERM: Final = re.compile(
    rf"\b(?:in|dans|over) {COUNT} (?:days?|weeks?|months?|years?|jours?|semaines?|mois|ans?|années?|dag(?:en)?|we(?:ek|ken)|maand(?:en)?|jaar)\b",
    re.IGNORECASE,
)
# A noun and what follows it, with a preposition between or not.
PAIR: Final = re.compile(
    r"(?<!\w)(?P<first>[^\W\d]+)(?=[ -](?P<of>(?:of|for|on|about|d[eu]|des|pour|sur|van|voor|over) (?:the |an? |la |le |les |l'|une? |het |de |een )?|d'|d'une? )?(?P<second>[^\W\d]+))"
)
# What stands before a colon, or a dash between spaces, is a heading, unless only a number follows.
HEADING: Final = re.compile(r"(?::| [\u2013-] )(?!\W*[\d/.-]+\W*$)")
# The year of a record: "Approval by the Government in 2023".
OWN_YEAR: Final = re.compile(rf" (?:in|en) (?:{NAMED_MONTH} )?\d{{4}}(?![\w/-]|\.\d)", re.IGNORECASE)
FOLLOWING: Final = re.compile(r" ([^\W\d]+)")
FOR_WHAT: Final = re.compile(r"(?:for|with|to|pour|avec|voor|met)\b")
CLAUSE_BEGINS: Final = re.compile(r"(?:^|[.,;:(])\W*$")
# Ahead of a verb: the year that a thing is for, not the year of the act ("Budget for 2024 approved").
MEANT_FOR: Final = re.compile(r"(?<=\w )(?:for|pour) \d{4} $")
# Longer words in capitals are no abbreviations: "AFGELAST".
ABBREVIATION: Final = 5
# What may stand between a name and the word that leads to it.
JOINED: Final = re.compile(r"[ '/&-]{1,2}")
BESIDE_REMARKS: Final = frozenset({"and", "or", "in", "et", "ou", "en"})
NUMBERED: Final = re.compile(r" ?\d")
A_NAME: Final = "#"
A_MARK: Final = "?"
FOLLOWED: Final = re.compile(r" (?:\w|$)")


def shows(written: str, kind: str, *, in_account: bool, realised_year: int) -> bool:
    """Return whether a text shows that what its type names happened.

    written: without words of doubt. in_account: whether it stands in the account of a year, where a record without a verb counts.
    realised_year: the last that the note gives account of; nothing of a later year has happened.
    """
    if WRITTEN.fullmatch(written) is None or _is_part(written, kind):
        return False
    text = PHRASE.sub(" ", TITLE.sub(" ", written))
    if TERM.search(text) or not _means(text.lower(), kind):
        return False
    if any(_says(text, kind, language, realised_year) for language in LANGUAGES):
        return True
    if not in_account or kind not in NAMING_AN_ACT or DRAFT.search(written) or is_later(text, realised_year):
        return False
    titled = TITLE.search(written) is not None
    return any(_records(text, kind, language, titled=titled) for language in LANGUAGES)


def _is_part(written: str, kind: str) -> bool:
    """Return whether a text speaks of a part of what its type's act is done to; not "13 % of the credits liquidated"."""
    whole = OF_CREDITS.sub(" ", written) if kind in OF_MONEY else written
    return kind not in SHARED and SHARE.search(whole) is not None


def _says(text: str, kind: str, language: Language, realised_year: int) -> bool:
    """Return whether an act of the type is said to be done, and nothing else but what is known."""
    if kind in NAMED and _is_papers(text.lower(), kind, language):
        return False
    forms = language.forms(kind).finditer(text.lower())
    return any(_stands(text, form.span(), kind, language, realised_year) for form in forms)


def _means(text: str, kind: str) -> bool:
    """Return whether a text names what a type's act is done to, or the act itself, where its words say other things too."""
    return kind not in NAMED or re.search(NAMED[kind], text) is not None


def _is_papers(text: str, kind: str, language: Language) -> bool:
    """Return whether a text speaks of the papers or the plan of an act."""
    acts = (found["act"] for pattern in (PAPERS_OF, ACT_PAPERS) for found in pattern.finditer(text))
    return any(re.fullmatch(AGREED, act) or language.names_act(act, kind) for act in acts)


def _stands(text: str, form: tuple[int, int], kind: str, language: Language, realised_year: int) -> bool:
    """Return whether nothing around a form of an act takes it back: every word is known, and it is no question."""
    first, end = form
    names = _capitals_tell(text) and (first == 0 or text[first].islower())
    start = _verb(text.lower(), first, language)
    subject, verb = text[:start], text[start:first]
    return (
        all(map(language.knows, [*_words(text[:first], language, names), *_words(text[end:], language, names)]))
        and not is_later(MEANT_FOR.sub("", subject) + text[start:], realised_year)
        and not _asks(subject, verb, language)
        and (verb != "" or not _only_qualifies(subject.lower(), text[first:end], text[end:].lower(), kind, language))
        and _is_headed(subject, language, names)
        and (kind not in OF_MONEY or is_said_of_money(text.lower(), start, form, language))
    )


def _verb(text: str, participle: int, language: Language) -> int:
    """Return where the verb of a participle begins: at its first auxiliary, when it has one."""
    words = WORD.finditer(text, 0, participle)
    return next((each.start() for each in words if each[0] in language.auxiliaries), participle)


def _asks(subject: str, verb: str, language: Language) -> bool:
    """Return whether the verb comes before what it is said of: "Is the programme approved"."""
    between = (word for word in WORD.findall(verb.lower()) if word not in language.auxiliaries)
    return CLAUSE_BEGINS.search(subject) is not None and any(between)


def _only_qualifies(subject: str, form: str, rest: str, kind: str, language: Language) -> bool:
    """Return whether a participle alone belongs to a noun: "the approved programme", "plan for the programme approved".

    subject: what stands before it; rest: what follows.
    """
    follows = FOLLOWING.match(rest) if " " not in form else None
    if FOR_WHAT.match(subject) or (follows is not None and _is_other_thing(follows[1], kind, language)):
        return True
    return any(
        language.is_paper(found["first"]) and not language.names_act(found["first"], kind)
        for found in PAIR.finditer(subject)
        if found["of"]
    )


def _is_other_thing(word: str, kind: str, language: Language) -> bool:
    return language.names_thing(word) and not language.names_act(word, kind)


def _is_headed(text: str, language: Language, names: bool) -> bool:
    """Return whether each heading of a text is one that an account is sorted by: no condition, threshold or wish."""
    headings = HEADING.split(text)[:-1]
    return all(language.heads(word) for heading in headings for word in _words(heading, language, names))


def _records(text: str, kind: str, language: Language, *, titled: bool) -> bool:
    """Return whether a text does nothing but name something, and no other act than its type's. titled: whether a title was left out."""
    if _is_papers(text.lower(), kind, language) or _is_compound(text.lower(), kind, language):
        return False
    if kind in OF_MONEY and not is_record_of_money(HEADING.split(text.lower())[-1], kind, language):
        return False
    names = _capitals_tell(text)
    words = [word for word in _words(OWN_YEAR.sub("", text), language, names) if word not in language.links]
    if not _is_named(words, kind, language, titled=titled):
        return False
    return _is_headed(text, language, names) and all(language.names(word, kind) for word in words)


def _is_named(words: Sequence[str], kind: str, language: Language, *, titled: bool) -> bool:
    """Return whether a record names its act or, for a type that is no noun, what it is done to: not "Rapport" alone."""
    if any(language.names_act(word, kind) for word in words):
        return True
    return kind not in NOUNS and sum(map(language.names_thing, words)) + titled > 1


def _is_compound(text: str, kind: str, language: Language) -> bool:
    """Return whether an act's noun only says of what kind a thing is: "Award report", "Rapport d'attribution"."""
    return any(
        language.names_act(act, kind) and _is_other_thing(thing, kind, language)
        for first, of, second in (found.group("first", "of", "second") for found in PAIR.finditer(text))
        for act, thing in [(second, first) if of else (first, second)]
    )


def _capitals_tell(text: str) -> bool:
    """Return whether a capital makes a name: not in "Event Called Off"."""
    return any(map(str.islower, text.split()[1:]))


def _words(text: str, language: Language, names: bool) -> Iterator[str]:
    """Yield the words of a text in lower case, but no numbers. names: leave out what its capitals show to be a name."""
    before, end = "", 0
    for found in WORD.finditer(text):
        word = found[0]
        leading = before if JOINED.fullmatch(text, end, found.start()) else ""
        before, end = word.lower(), found.end()
        if any(map(str.isdigit, word)) or (names and _is_name(found, leading, language)):
            before = A_NAME
        else:
            yield A_MARK if _is_mark(found, names) else before


def _is_mark(found: re.Match[str], names: bool) -> bool:
    """Return whether a letter stands for an answer: "approved: N", "approuvé : A"; not "L'appel" or "le Conseil a approuvé"."""
    if len(found[0]) > 1 or "'" in found.string[max(found.start() - 1, 0) : found.end() + 1]:
        return False
    return FOLLOWED.match(found.string, found.end()) is None or (names and found[0].isupper() and found.start() > 0)


def _is_name(found: re.Match[str], leading: str, language: Language) -> bool:
    """Return whether a capital makes a word a name, for one is expected there. leading: the word before it, in lower case.

    Alone, a word in capitals is a remark: "approved OFF", "approuvé : NC".
    """
    word = found[0]
    if word.islower() or (len(word) > 1 and language.knows(word.lower())):
        return False
    if word.isupper():
        counted = len(word) > 1 and NUMBERED.match(found.string, found.end()) is not None
        return len(word) <= ABBREVIATION and (counted or (language.leads(leading) and leading not in BESIDE_REMARKS))
    return leading == A_NAME or language.leads(leading) or language.names_thing(leading)
