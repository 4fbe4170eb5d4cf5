"""Phrases around a number, an amount or a date, in the three languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from contracts.bands import Band
from contracts.dates import ImpreciseDate
from contracts.objectives import Continuous, EndOfLegislature, OnDay, Relative
from contracts.types import Language
from services.reporting.domain.figure import When
from services.reporting.render.words.label import Label
from services.reporting.render.words.numbers import NO_BREAK, counted, money, number
from services.reporting.render.words.official import INDICATORS
from services.reporting.render.words.sayings import NOUNS

Dated: TypeAlias = OnDay | Continuous | EndOfLegislature | Relative


def amount(cents: int | None) -> Label | None:
    """Return an amount with its currency; None when it is not known."""
    return None if cents is None else Label.of(lambda language: money(cents, language))


def of_line(line: str) -> Label:
    """Return a budget line by its allocation."""
    allocation = line.partition(".")[2]
    return Label(f"AB{NO_BREAK}{allocation}", f"BA{NO_BREAK}{allocation}", f"line{NO_BREAK}{allocation}")


def of_round(count: int | None) -> Label | None:
    """Return which round it was; None for the first, which goes without saying."""
    if count is None or count < 2:
        return None
    return Label(f"tour {count}", f"ronde {count}", f"round {count}")


def received(count: int | None) -> Label | None:
    """Return how many were received."""
    return None if count is None else Label(f"{count} reçus", f"{count} ontvangen", f"{count} received")


def closes(when: When | None) -> Label | None:
    """Return when it closes."""
    return None if when is None else Label(f"clôture {when.fr}", f"sluit {when.nl}", f"closes {when.en}")


def ends(when: When | None) -> Label | None:
    """Return when it ends."""
    return None if when is None else Label(f"fin {when.fr}", f"eindigt {when.nl}", f"ends {when.en}")


def advance(ppm: int | None) -> Label | None:
    """Return which share is paid in advance."""
    if ppm is None:
        return None
    share = f"{ppm / 10_000:g}"
    comma = share.replace(".", ",")
    return Label(f"acompte de {comma}{NO_BREAK}%", f"voorschot van {comma}%", f"advance of {share}%")


def reversed_of(cents: int) -> Label | None:
    """Return how much of a payment was taken back; None when nothing was."""
    if not cents:
        return None
    return Label(
        f"dont {money(cents, 'fr')} repris",
        f"waarvan {money(cents, 'nl')} teruggenomen",
        f"of which {money(cents, 'en')} reversed",
    )


def reached_late(days: int | None) -> Label:
    """Return that something was reached late, and by how many days where that is known."""
    if days is None:
        return Label("atteint en retard", "te laat bereikt", "reached late")
    return Label(
        f"atteint avec {days} {'jour' if days == 1 else 'jours'} de retard",
        f"bereikt, {days} {'dag' if days == 1 else 'dagen'} te laat",
        f"reached {days} {'day' if days == 1 else 'days'} late",
    )


def reached_as_planned(due: When) -> Label:
    """Return that something was reached, and for when it was planned."""
    return Label(f"atteint, prévu {due.fr}", f"bereikt, gepland {due.nl}", f"reached, planned for {due.en}")


def deadline_words(deadline: Dated, day: When | None) -> Label:
    """Return a deadline in words, as known."""
    match deadline:
        case OnDay():
            return Label(day.fr, day.nl, day.en) if day else Label.same(str(deadline.day))
        case Continuous():
            return _until(deadline.until)
        case EndOfLegislature():
            return Label("fin de la législature", "einde van de legislatuur", "end of the legislature")
        case Relative():
            return _relative(deadline)


def _until(last: ImpreciseDate | None) -> Label:
    if last is None:
        return Label("en continu", "doorlopend", "continuous")
    end = Label.of(last.wording)
    return Label(f"en continu, fin : {end.fr}", f"doorlopend, einde: {end.nl}", f"continuous, end: {end.en}")


def _relative(deadline: Relative) -> Label:
    days, after = abs(deadline.offset_days), deadline.offset_days >= 0
    working = deadline.calendar == "working"
    one = days == 1
    fr = f"{days} {'jour' if one else 'jours'}{(' ouvrable' if one else ' ouvrables') if working else ''}"
    nl = f"{days} {'werkdag' if working else 'dag'}{'' if one else 'en'}"
    en = f"{days} {'working ' if working else ''}{'day' if one else 'days'}"
    return Label(
        f"{fr} {'après' if after else 'avant'} : {deadline.to}",
        f"{nl} {'na' if after else 'voor'}: {deadline.to}",
        f"{en} {'after' if after else 'before'}: {deadline.to}",
    )


def edges_of(bands: Sequence[Band]) -> Label | None:
    """Return bands in words with their edges; None when there are none."""
    return Label.joined(*map(_edges, bands), separator="; ")


def _edges(band: Band) -> Label:
    low = None if band.lower is None else number(band.lower)
    high = None if band.upper is None else number(band.upper)
    if low is not None and high is not None:
        return _between(band, low, high)
    if low is not None:
        if band.lower_inclusive:
            return Label(f"{low} et plus", f"{low} en meer", f"{low} and more")
        return Label(f"plus de {low}", f"meer dan {low}", f"more than {low}")
    if high is not None:
        if band.upper_inclusive:
            return Label(f"{high} au plus", f"hoogstens {high}", f"{high} at most")
        return Label(f"moins de {high}", f"minder dan {high}", f"less than {high}")
    return Label("toute valeur", "elke waarde", "any value")


def _between(band: Band, low: str, high: str) -> Label:
    if low == high:
        return Label(f"exactement {low}", f"precies {low}", f"exactly {low}")
    if band.lower_inclusive and band.upper_inclusive:
        return Label(f"de {low} à {high}", f"van {low} tot en met {high}", f"from {low} to {high}")
    start = "[" if band.lower_inclusive else "]"
    end = "]" if band.upper_inclusive else "["
    return Label.same(f"{start}{low} ; {high}{end}")


def measured_in(unit: str) -> Label:
    """Return in what an indicator is measured, the unit in the words of who defined it."""
    return Label(*(f"{words} {unit}" for words in INDICATORS["measured_in"]))


def count_of(count: int, noun: str) -> Label:
    """Return a count with its noun; noun: a key of NOUNS."""
    return Label.of(lambda language: counted_in(count, noun, language))


def counted_in(count: int, noun: str, language: Language) -> str:
    """Return a count with its noun in one language; noun: a key of NOUNS."""
    one, many = NOUNS[noun]
    return counted(count, one.get(language), many.get(language), language)
