"""Whether what a text says to be committed or liquidated is money: people and associations are "engagés" and "liquidées" too.

What counts is the noun that the participle belongs to, not any word of money in the text: "Architecte engagé pour 50.000 EUR" commits
no money. A group is the words between links, prepositions and numbers; its noun is the last word of it, in French the first.
"""

from __future__ import annotations

import re
from typing import Final

from cli.importing.accomplished import MONEY
from cli.importing.language import Language

OF_MONEY: Final = frozenset({"commitment", "liquidation"})
# A share of the credits of a year is how far they are used; a share of anything else is a part of what is due.
OF_CREDITS: Final = re.compile(
    r"(?<![\d.,])\d+(?:[.,]\d+)? ?% (?:of|des|van)(?: the| les| de)?(?: \d{4}| year's)? (?:(?:liquidation|commitment) )?"
    r"(?:credits|crédits|kredieten)\b(?! (?:of|du|des?|van) (?!\d{4}))(?! d')",
    re.IGNORECASE,
)
WORD: Final = re.compile(r"€|\w+")
OWNER: Final = re.compile(r"\b[^\W\d]+(?:'s|s') ")
CLAUSE: Final = re.compile(r"[;:()]|[.,](?!\d)| [\u2013-] ")
ACTIVE: Final = frozenset(["a", "ont", "has", "have", "had", "heeft", "hebben", "had", "hadden"])
PASSIVE: Final = frozenset(["été", "been"])
# Two things together are a plural, whatever each of them is.
JOINED: Final = re.compile(r"\b(?:et|ou)\b")
# What stands before a French noun without being one.
BEFORE_NOUN: Final = re.compile(
    r"(?:(?:premi(?:er|ère)s?|deuxième|seconde?|troisième|quatrième|derni(?:er|ère)s?|nouve(?:au|lle)s?|deux|trois|quatre|m|mio) )*"
)
# What follows one without being another: not "EUR architecte".
AFTER_NOUN: Final = re.compile(
    rf"(?: (?:{MONEY}|b|c|budgétaires?|publics?|régiona(?:l|ux)|communa(?:l|ux)|fédéra(?:l|ux)|européens?|annuels?|initia(?:l|ux)"
    r"|supplémentaires?|principa(?:l|ux)))*"
)
# What a participle at the beginning or an active verb is said of follows it at once, without a preposition.
FOLLOWS: Final = re.compile(r"[ :(]*(?:(?:the|an?|les?|la|une?|de|het|een) |l')?(?=[\w€])")


def is_said_of_money(text: str, verb: int, form: tuple[int, int], language: Language) -> bool:
    """Return whether what a participle is said of is money.

    text: in lower case. verb: where the first auxiliary of the participle begins, or the participle itself. form: its span.
    """
    first, end = form
    before = CLAUSE.split(text[:verb])[-1]
    said = set(WORD.findall(text[verb:first]))
    if said & ACTIVE and not said & PASSIVE:
        between = " ".join(word for word in WORD.findall(text[verb:first]) if word not in language.auxiliaries)
        return _follows(f" {between}{text[end:]}", language)
    if not before.strip():
        return _follows(text[end:], language)
    groups = _groups(before, language)
    joined = JOINED.search(before) is not None
    others = [group for group in groups[1:] if joined or _may_own(group, text[first:end], language)]
    return groups != [] and all(_is_money(group, language) for group in [groups[0], *others])


def is_record_of_money(text: str, kind: str, language: Language) -> bool:
    """Return whether money is what a record without a verb names first, beside the act. text: in lower case, without headings."""
    rest = WORD.sub(lambda word: "" if language.names_act(word[0], kind) else word[0], text)
    groups = _groups(rest, language)
    return groups != [] and _is_money(groups[0], language)


def _follows(rest: str, language: Language) -> bool:
    """Return whether money follows at once."""
    begins = FOLLOWS.match(rest)
    if begins is None:
        return False
    clause = CLAUSE.split(rest[begins.end() :])[0]
    word = WORD.match(clause)
    groups = _groups(clause, language)
    return word is not None and not language.leads(word[0]) and groups != [] and _is_money(groups[0], language)


def _groups(text: str, language: Language) -> list[str]:
    """Return the groups of words of a text, without months, qualities and owners ("the year's")."""
    groups: list[list[str]] = [[]]
    for word in WORD.findall(OWNER.sub("", text)):
        if language.leads(word) or any(map(str.isdigit, word)):
            groups.append([])
        elif word not in language.qualities or word == "public":
            groups[-1].append(word)
    return [" ".join(group) for group in groups if group]


def _is_money(group: str, language: Language) -> bool:
    if language.tongue == "fr":
        noun = re.match(MONEY, group := BEFORE_NOUN.sub("", group, count=1))
        return noun is not None and AFTER_NOUN.fullmatch(group, noun.end()) is not None
    return re.search(rf"(?:{MONEY})$", group) is not None


def _may_own(group: str, participle: str, language: Language) -> bool:
    """Return whether a participle may belong to a group: not "engagés" to "personnel", for it is a plural."""
    is_plural = group.split(maxsplit=1)[0].endswith(("s", "x"))
    return language.tongue != "fr" or is_plural == participle.endswith("s")
