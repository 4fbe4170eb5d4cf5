"""What templates call on values: words in a language, and what a part of a letter holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from contracts.types import LANGUAGES, Language, Place, Text
from services.reporting.domain import checks, outline, overview
from services.reporting.domain.budget import Budget, Footer
from services.reporting.domain.indicators import BandTable, Indicator, Threshold
from services.reporting.domain.letter import Facts, Heading, YearSection
from services.reporting.render import dashboards, drawing, events, fields, moments, names
from services.reporting.render.page import Page
from services.reporting.render.words import numbers, phrases
from services.reporting.render.words.label import Label

T = TypeVar("T")
# What an HTML `time` may hold of EDTF.
HTML_DATE: Final = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-[0-3][0-9])?)?")


class Spoken(NamedTuple):
    """Words with the language they are in."""

    words: str
    language: Language


def spoken(text: Text, language: Language) -> Spoken | None:
    """Return a text in a language of the letter; as it is when it has neither of both; None when only the other is there."""
    said = text.get(language)
    if said is not None:
        return Spoken(said, language)
    return Spoken(text.en, "en") if text.en and not (text.fr or text.nl) else None


def nearest(text: Text, language: Language) -> Spoken:
    """Return a text in the reader's language, or in the first one it is written in."""
    return Spoken(*names.nearest(text, language))


def plain(text: Text | None) -> str:
    """Return a text in some language, for a heading's title; empty when there is none."""
    return names.nearest(text, "fr")[0] if text else ""


def lines(text: str) -> Markup:
    """Return text with its line ends kept."""
    return Markup("<br>").join(escape(line) for line in text.strip().splitlines())


def capital(text: str) -> str:
    """Return text with its first letter as a capital, the others as they are."""
    return text[:1].upper() + text[1:]


def is_html_date(edtf: str) -> bool:
    """Return whether `<time datetime>` may hold this EDTF."""
    return HTML_DATE.fullmatch(edtf) is not None


def has_lines(budget: Budget) -> bool:
    """Return whether a budget table has lines."""
    return any(category.lines for category in budget.categories)


def has_rows(budget: Budget | None) -> bool:
    """Return whether a budget table says more than that nobody stated anything."""
    categories = budget.categories if budget else ()
    return any(each.lines or each.printed or (each.statement and each.statement.events) for each in categories)


def odd_basis(budget: Budget) -> str | None:
    """Return what all amounts of a table are based on, when that is not what its section says."""
    bases = {row.basis for row in budget.rows}
    return next(iter(bases)) if len(bases) == 1 and bases != {budget.basis} else None


def filled(html: Markup) -> Markup:
    """Return a list, or nothing when it has no items: an empty list is noise to a screen reader."""
    return html if "<li" in html else Markup()


def open_lines(footer: Footer) -> int:
    """Return how many lines of a total have neither amount."""
    return min(footer.commitment.unknown, footer.liquidation.unknown)


def is_bare(section: YearSection) -> bool:
    """Return whether nothing at all is known of a year-section."""
    content = section.content
    empty = not (content.facts.all or content.indicators or content.amounts or section.actions or content.staff)
    return empty and not has_rows(content.budget) and not fields.stated(content, "section")


def odd_headings(section: YearSection) -> list[Heading]:
    """Return the headings of a year-section that say more than its official name: other words, or one of several."""
    if len(section.headings) > 1:
        return list(section.headings)
    return [
        heading for heading in section.headings if heading.title.value and not _same(heading.title.value, section.label)
    ]


def _same(title: Text, label: Text) -> bool:
    return all(_folded(title.get(language)) in {"", _folded(label.get(language))} for language in LANGUAGES)


def _folded(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def places(indicator: Indicator) -> list[Place]:
    """Return where an indicator, its printed thresholds and its last value stand, each place once."""
    last = indicator.last.place if indicator.last else None
    found = [indicator.place, *(threshold.place for threshold in indicator.thresholds), last]
    return list({names.place_words(place): place for place in found if place is not None}.values())


def edges(table: BandTable, colour: str) -> Label | None:
    """Return the bands of a colour in words with their edges; None when the table has none of it."""
    return phrases.edges_of([band for band in table.bands if band.colour == colour])


def any_of(thresholds: Iterable[Threshold], column: str) -> bool:
    """Return whether a column has a printed text."""
    return any(getattr(threshold, column) for threshold in thresholds)


def moments_of(facts: Facts, reading: str) -> list[moments.Moment]:
    """Return the printed statements of one reading as moments."""
    return [moments.printed(fact) for fact in getattr(facts, reading)]


def unless_said(printed: str | None, text: Text) -> str | None:
    """Return what was printed, unless the text says the same."""
    return None if printed in {text.fr, text.nl, text.en} else printed


def unless_words(printed: str | None, label: Label) -> str | None:
    """Return what was printed, unless the words say the same."""
    return None if printed is not None and printed.strip().lower() in {words.lower() for words in label} else printed


def share(ppm: int) -> str:
    """Return parts per million as per cents."""
    return f"{ppm / 10_000:g} %".replace(".", ",").replace(" ", numbers.NO_BREAK)


def hundredths(part: overview.Completeness) -> int:
    """Return a share in whole hundredths."""
    return hundredths_of(part.stated, part.asked)


def hundredths_of(part: int, whole: int) -> int:
    """Return so many of so many in whole hundredths; all of nothing."""
    return part * 100 // whole if whole else 100


def _for_reader(told: Callable[[T, Language], str]) -> Callable[[Context, T], str]:
    """Return a filter that speaks the page's language."""

    @pass_context
    def filtered(context: Context, value: T) -> str:
        page = context["page"]
        assert isinstance(page, Page)
        return told(value, page.language)

    return filtered


TESTS: Final[Mapping[str, Callable[..., bool]]] = {"html_date": is_html_date}
FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "any_of": any_of,
    "capital": capital,
    "checked": checks.check,
    "colour_bars": dashboards.colour_bars,
    "completeness": overview.completeness,
    "counted_both": phrases.count_of,
    "cut": names.cut,
    "day": numbers.day,
    "deadline_words": phrases.deadline_words,
    "drawing": drawing.drawing,
    "edges": edges,
    "euros": numbers.euros,
    "event_words": _for_reader(events.event_words),
    "filled": filled,
    "grouped": dashboards.grouped,
    "has_lines": has_lines,
    "has_rows": has_rows,
    "heat": dashboards.heat,
    "heat_paid": dashboards.heat_paid,
    "hundredths": hundredths,
    "hundredths_of": hundredths_of,
    "is_bare": is_bare,
    "json_text": events.json_text,
    "late_milestones": dashboards.late_milestones,
    "lines": lines,
    "measured_in": phrases.measured_in,
    "moment": numbers.moment,
    "moments_of": moments_of,
    "name": names.name,
    "nearest": nearest,
    "next_deadlines": dashboards.next_deadlines,
    "note_name": names.note_name,
    "number": numbers.number,
    "occurred_words": _for_reader(events.occurred_words),
    "odd_basis": odd_basis,
    "odd_headings": odd_headings,
    "open_lines": open_lines,
    "own_words": fields.own_words,
    "percent": numbers.percent,
    "percent_of": numbers.percent_of,
    "place_of": events.place_of,
    "place_words": names.place_words,
    "places": places,
    "plain": plain,
    "progress": dashboards.progress,
    "rows": fields.rows,
    "share": share,
    "short_day": numbers.short_day,
    "short_title": names.short_title,
    "shortened": dashboards.shortened,
    "spoken": spoken,
    "stated": fields.stated,
    "told_before": outline.told_before,
    "unless_said": unless_said,
    "unless_words": unless_words,
    "unstated": fields.unstated,
}
