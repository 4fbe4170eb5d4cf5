"""A page as its reader has it: text, links, figures with their sheets, and what would be wrong for anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Final

VOID: Final = frozenset({"meta", "link", "input", "br", "path", "circle", "rect", "line"})
HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass
class Figure:
    """A figure that opens."""

    id: str
    href: str
    words: str = ""


@dataclass
class Opened:
    """What stands on a figure's sheet. back: where its closing link leads."""

    title: str = ""
    events: list[str] = field(default_factory=list)
    back: str = ""


@dataclass
class Read:
    """A page. problems: what a reader of any kind would stumble over."""

    text: str = ""
    title: str = ""
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    headings: list[tuple[str, str]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    sheets: dict[str, Opened] = field(default_factory=dict)
    classes: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Reader(HTMLParser):
    """Reads one page."""

    def __init__(self) -> None:
        super().__init__()
        self.read = Read()
        self._open: list[tuple[str, str]] = []
        self._sheet: Opened | None = None
        self._caption = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = given.get("class", "")
        if tag not in VOID:
            self._open.append((tag, classes))
        if "id" in given:
            self.read.ids.append(given["id"])
        if classes:
            self.read.classes.append((tag, classes))
        if any(name.startswith("on") or name == "style" for name in given) or tag in {"script", "style"}:
            self.read.problems.append(f"<{tag}> brings a script or a style")
        if tag == "section":
            self._sheet = self.read.sheets.setdefault(f"#{given['id']}", Opened()) if classes == "why" else self._sheet
        if tag in HEADINGS:
            self.read.headings.append((tag, ""))
        if tag == "th" and "scope" not in given:
            self.read.problems.append("a header of a table without scope")
        self._caption += {"table": 1, "caption": -1}.get(tag, 0)
        if tag == "a":
            self._link(given)

    def _link(self, given: dict[str, str]) -> None:
        href = given.get("href", "")
        self.read.links.append(href)
        if given.get("class") == "fig":
            self.read.figures.append(Figure(given.get("id", ""), href))
        if self._sheet is not None and href.startswith("#"):
            self._sheet.back = href
        if self._sheet is not None and "/events/" in href:
            self._sheet.events.append(href.partition("/events/")[2].partition("?")[0])

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        opened, classes = self._open.pop() if self._open else ("nothing", "")
        if opened != tag:
            self.read.problems.append(f"</{tag}> closes <{opened}>")
        if tag == "section" and classes == "why":
            self._sheet = None

    def handle_data(self, data: str) -> None:
        self.read.text += data
        for tag, classes in self._open:
            if classes == "fig":
                self.read.figures[-1].words += data
            if tag in HEADINGS:
                self.read.headings[-1] = (tag, self.read.headings[-1][1] + data)
            if tag == "title" and len(self._open) == 3:
                self.read.title += data
        if self._sheet is not None and any(tag == "h2" for tag, _ in self._open):
            self._sheet.title += data


def read(html: str) -> Read:
    """Return a page as read, with what is wrong in it."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    found = reader.read
    if reader._caption:
        found.problems.append("a table without a caption")
    if len(set(found.ids)) != len(found.ids):
        found.problems.append(f"ids come twice: {sorted({each for each in found.ids if found.ids.count(each) > 1})}")
    targets = {link[1:] for link in found.links if link.startswith("#")}
    if targets - set(found.ids):
        found.problems.append(f"links into the page that lead nowhere: {sorted(targets - set(found.ids))}")
    levels = [int(tag[1]) for tag, _ in found.headings]
    if levels.count(1) != 1:
        found.problems.append(f"{levels.count(1)} headings of the first level")
    if any(after > before + 1 for before, after in pairwise(levels)):
        found.problems.append(f"headings leave a level out: {levels}")
    return found
