"""Runs an import: the note and its objectives first, parents before children; then everything printed under them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2

from cli.importing.errors import NoteDiffers
from cli.importing.file import FactsFile, Tree, read_file
from cli.importing.mapping import entity_of, ids_of, open_note, plan_of, registrations, slug_of
from cli.importing.plan import Facts, Plan, ServiceName, Wanted, held
from cli.importing.remapping import correct, correctable
from cli.importing.report import Report, refused
from cli.importing.sending import TIMEOUT_SECONDS, Result, Sender, Tick
from regesta.event import split_name

SERVICES: Final[tuple[ServiceName, ...]] = ("objectives", "budget", "kpi")


def _silent(_done: int, _total: int) -> None:
    """Show no progress."""


async def import_facts(
    file: Path,
    url: str,
    token: str,
    *,
    note: str | None = None,
    entity: str | None = None,
    remap: bool = False,
    progress: Tick = _silent,
) -> Report:
    """Record the facts of a file through the bulk routes at `url`; return what became of each piece of it.

    note, entity: the slugs to use instead of those made from the note's title. remap: correct what was imported before and is
    mapped otherwise now, for which the token must be allowed to read the services' events. A second import of the same facts records
    nothing. Raises FileRefused before anything is sent, NoSlug, NoteDiffers, RemoteRefused, and ServerAway when the server
    does not come back; the same call then goes on where it was.
    """
    facts = read_file(file)
    slug = slug_of(facts, note)
    opening, line_entity = open_note(facts, slug), entity_of(slug, entity)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS) as client:
        importing = _Import(facts, slug, line_entity, Sender(client, slug, progress), remap)
        return await importing.run(opening, file.name)


@dataclass(slots=True)
class _Import:
    """One import under way. ids: of the objectives by code; reasons: of refusals by pointer; events: what was recorded."""

    file: FactsFile
    note: str
    entity: str
    sender: Sender
    remap: bool
    reasons: dict[str, str] = field(default_factory=dict)
    heads: dict[ServiceName, int | None] = field(default_factory=dict)
    events: dict[ServiceName, set[str]] = field(default_factory=lambda: {each: set() for each in SERVICES})
    already: dict[ServiceName, int] = field(default_factory=lambda: dict.fromkeys(SERVICES, 0))
    reached: int = 0

    async def run(self, opening: Wanted, name: str) -> Report:
        """Send everything; return the report. opening: of the note; name: of the file."""
        ids = ids_of(self.file, self.note)
        self.sender.total = 1 + len(ids) + len(plan_of(self.file, self.note, self.entity, ids).commands)
        self.heads = {service: await self.sender.head(service) for service in SERVICES}
        await self._open_note(opening)
        for codes in Tree(self.file).generations():
            await self._register(codes, ids)
        plan = plan_of(self.file, self.note, self.entity, ids)
        await _all([self._record(service, plan) for service in SERVICES])
        return Report(
            note=self.note,
            entity=self.entity,
            file=name,
            held=held(self.file),
            items=refused(plan.items, self.reasons),
            recorded={service: len(self.events[service]) for service in SERVICES},
            already=self.already,
        )

    async def _open_note(self, wanted: Wanted) -> None:
        """Open the note, or go on with it when it is open under the same title. Raises NoteDiffers."""
        (result,) = await self._send("objectives", [wanted])
        # The title is the first member that is compared, so the titles are the same when another one differs.
        problem = result.problem or {}
        if result.code != "note-differs" or problem.get("field") != "title":
            return
        known, asked = problem.get("recorded"), problem.get("given")
        raise NoteDiffers(
            f"{self.note!r} is the note {known!r}, and the file is the note {asked!r}; name another one with --note",
            note=self.note,
            opened_as=known,
            asked=asked,
        )

    async def _register(self, codes: frozenset[str], ids: dict[str, str]) -> None:
        """Register the objectives with these codes; a code that the note has already keeps its objective."""
        plan = registrations(self.file, self.note, ids, codes)
        self.reasons |= {item.pointer: item.reason or "" for item in plan.items if item.outcome == "refused"}
        printed = {f"/objectives/{index}": node.code for index, node in enumerate(self.file.objectives)}
        for each, result in zip(plan.commands, await self._send("objectives", plan.commands), strict=True):
            stands = (result.problem or {}).get("objective")
            if result.code == "code-taken" and isinstance(stands, str):
                ids[printed[each.pointers[0]]] = stands

    async def _record(self, service: ServiceName, plan: Plan) -> None:
        commands = [each for each in plan.commands if each.service == service]
        await self._send(service, [each for each in commands if each.early])
        rest = [each for each in commands if not each.early]
        results = await self._send(service, rest)
        if self.remap:
            answered = [pair for pair in zip(rest, results, strict=True) if correctable(pair[0])]
            for wanted, result in await correct(self.sender, service, answered, Facts(self.note)):
                self._note(service, wanted, result)

    async def _send(self, service: ServiceName, wanted: Sequence[Wanted]) -> list[Result]:
        at_least = f"objectives:{self.reached}" if self.reached else None
        results = await self.sender.send(service, wanted, at_least)
        for each, result in zip(wanted, results, strict=True):
            self._note(service, each, result)
        return results

    def _note(self, service: ServiceName, wanted: Wanted, result: Result) -> None:
        """Keep what a command came to."""
        if result.problem is not None:
            for pointer in wanted.pointers:
                self.reasons.setdefault(pointer, result.reason)
            return
        positions = [split_name(event)[1] for event in result.events]
        if service == "objectives":
            self.reached = max([self.reached, *positions])
        head = self.heads[service]
        # After a lost answer the second one says `repeated`, though the events are of this import. Another import that runs at
        # the same time is answered `repeated` at the first sending.
        lost = result.resent and head is not None and any(position > head for position in positions)
        if not result.repeated or lost:
            self.events[service].update(result.events)
        else:
            self.already[service] += 1


async def _all(work: Sequence[Coroutine[None, None, None]]) -> None:
    """Do all of it at once. Raises the first error as it is, when the rest has been stopped."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
