"""A note that is longer than any page: many objectives, and one of them with hundreds of facts, lines, values and payments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias
from uuid import UUID

Command: TypeAlias = dict[str, object]

NOTE: Final = "grande"
YEAR: Final = 2024
TOPMOST, UNDER = 60, 60
FACTS, LINES, INDICATORS, VALUES, AMOUNTS, DOSSIERS, COMMITMENTS = 150, 45, 20, 60, 40, 70, 150
FIELDS: Final = ("description", "desired_result", "partners")
CENTS: Final = 100_000
# Lines that money is committed on.
USED_LINES: Final = 10
LONG_TEXT: Final = 4_000
PLAN: Final = {"year": YEAR, "kind": "planned"}
ACCOUNT: Final = {"year": YEAR - 1, "kind": "realised"}


def uid(kind: int, number: int = 0) -> str:
    """Return an id for the number-th thing of a kind."""
    return str(UUID(int=(kind << 96) + number, version=4))


def topmost(number: int) -> str:
    """Return the id of a strategic objective, from 1."""
    return uid(1, number)


def under(number: int) -> str:
    """Return the id of an operational objective under the first strategic one, from 1; the first of them is the long one."""
    return uid(2, number)


LONG: Final = under(1)
ACTION: Final = uid(3, 1)
# An action whose only dossier the first one tells too.
LATER_ACTION: Final = uid(3, 2)
OWN_DOSSIER: Final = uid(9)
# The dossier with the commitments.
PAID: Final = uid(4, 1)


def text(name: str, length: int = 150) -> dict[str, str]:
    """Return a text of some length in both languages that names itself in French alone."""
    french, dutch = (
        (words * length)[:length] for words in ("le texte et sa suite, à côté; ", "de tekst & wat volgt; ")
    )
    return {"fr": f"{name} {french}", "nl": dutch}


def marked(kind: str, count: int) -> list[str]:
    """Return the names of so many things of a kind."""
    return [f"{kind}-{number:03}." for number in range(1, count + 1)]


def allocation(number: int) -> str:
    """Return the code of a budget line, from 1."""
    return f"33.{number:03}.07.01.1111"


def stages() -> Iterator[list[Command]]:
    """Yield what records the note; a stage speaks of what those before it have opened."""
    for stage in (_objectives(), _content(), _lines(), _commitments(), _payments(), _indicators(), _values()):
        yield [
            {"service": service, "command": name, "data": data, "key": f"{name}/{number}"}
            for number, (service, name, data) in enumerate(stage)
        ]


Said: TypeAlias = tuple[str, str, Command]


def _objectives() -> Iterator[Said]:
    yield "objectives", "open-note", {"note": NOTE, "title": text("note"), "planned_year": YEAR}
    for number in range(1, TOPMOST + 1):
        yield "objectives", "register-objective", _node(topmost(number), "strategic", f"S.{number}")
    for number in range(1, UNDER + 1):
        node = _node(under(number), "operational", f"S.1.{number}") | {"parent": topmost(1)}
        yield "objectives", "register-objective", node
    for action, code in ((ACTION, "S.1.1.A"), (LATER_ACTION, "S.1.1.B")):
        node = _node(action, "action", code) | {"parent": LONG, "section": PLAN}
        yield "objectives", "register-objective", node


def _node(objective: str, level: str, code: str) -> Command:
    return {"note": NOTE, "objective": objective, "level": level, "code": code, "title": text(f"objectif {code}", 280)}


def _content() -> Iterator[Said]:
    for field in FIELDS:
        value = {"state": "known", "value": text(f"champ-{field}", LONG_TEXT)}
        stated: Command = {"objective": LONG, "field": field, "value": value}
        yield "objectives", "state-field", stated
    for name, section in zip(marked("fait", FACTS), [None, PLAN, ACCOUNT] * FACTS, strict=False):
        fact: Command = {"objective": LONG, "type": "other", "reading": "done", "text": text(name), "day": "2024-02"}
        yield "objectives", "print-fact", fact | ({} if section is None else {"section": section})
    for name in marked("montant", AMOUNTS):
        yield (
            "objectives",
            "print-amount",
            {"objective": LONG, "text": text(name), "amount_cents": CENTS, "section": PLAN},
        )
    for number, name in enumerate(marked("dossier", DOSSIERS), start=1):
        objectives = [LONG, ACTION] if number % 7 == 0 else [LONG]
        dossier: Command = {"dossier": uid(4, number), "kind": "subsidy", "title": text(name), "objectives": objectives}
        yield "objectives", "open-dossier", dossier
    granted: Command = {"dossier": PAID, "authority": "minister", "step": "grant", "amount_cents": CENTS}
    yield "objectives", "grant-approval", granted
    own: Command = {"kind": "study", "title": text("dossier-propre"), "objectives": [ACTION, LATER_ACTION]}
    yield "objectives", "open-dossier", own | {"dossier": OWN_DOSSIER}


def _lines() -> Iterator[Said]:
    known = {"state": "known", "value": CENTS}
    for number in range(1, LINES + 1):
        line = f"urban.{allocation(number)}"
        yield "budget", "open-line", {"line": line, "label": text("ligne")}
        assigned: Command = {
            "objective": LONG,
            "assignment": uid(5, number),
            "line": line,
            "section": PLAN,
            "category": "other",
        }
        yield "budget", "assign-line", assigned | {"commitment_cents": known, "liquidation_cents": known}


def _commitments() -> Iterator[Said]:
    for number in range(1, COMMITMENTS + 1):
        made: Command = {"commitment": uid(6, number), "year": YEAR, "amount_cents": CENTS}
        yield "budget", "commit", made | {"line": f"urban.{allocation(1 + number % USED_LINES)}", "dossier": PAID}


def _payments() -> Iterator[Said]:
    for number, name in enumerate(marked("paiement", COMMITMENTS), start=1):
        paid: Command = {"commitment": uid(6, number), "year": YEAR, "amount_cents": CENTS // 2}
        yield "budget", "liquidate", paid | {"payment": name, "part": "advance"}


def _indicators() -> Iterator[Said]:
    for number, name in enumerate(marked("indicateur", INDICATORS), start=1):
        yield (
            "kpi",
            "define-indicator",
            {"indicator": uid(7, number), "measure": {"kind": "manual"}, "title": text(name)},
        )


def _values() -> Iterator[Said]:
    for number in range(1, INDICATORS + 1):
        yield "kpi", "place-indicator", {"indicator": uid(7, number), "objective": LONG, "section": PLAN}
    for name in marked("commune", VALUES):
        measured: Command = {
            "period": {"starts_on": f"{YEAR - 1}-01-01", "ends_on": f"{YEAR - 1}-12-31"},
            "value": {"state": "known", "value": "7"},
        }
        yield "kpi", "measure-indicator", measured | {"indicator": uid(7, 1), "dimensions": {"commune": name}}
