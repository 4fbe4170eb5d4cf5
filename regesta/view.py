"""Reading as of a cut: one snapshot of the database, and per log the position it speaks of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, TypedDict

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from regesta.adoption import require_there
from regesta.caller import Caller
from regesta.checkpoint import enter
from regesta.database import Connection as Db
from regesta.errors import Malformed, NotYet
from regesta.event import BRUSSELS, Cut, IsoDay, event_name
from regesta.parking import parked_until
from regesta.runtime import Runtime, runtime_of
from regesta.web import AtLeast, arrived, tokens_of

WAIT_SECONDS = 2.0


async def _nothing() -> None:
    """End a view that somebody else opened and closes."""


@dataclass(frozen=True, slots=True)
class View:
    """One state of knowledge. cut: position per log; missing: see `complete`.

    behind: the logs of which the cut names more than has arrived, with how far each is. settled: whether every log has gone
    past the day `as_of`, so that it will always be this cut.
    """

    db: Db
    cut: Mapping[str, int]
    missing: tuple[str, ...]
    as_of: date | None = None
    behind: Mapping[str, int] = field(default_factory=dict)
    ended: Callable[[], Awaitable[None]] = _nothing
    settled: bool = True

    async def end(self) -> None:
        """Give back the connection, for everything is read; `db` cannot be asked after. Else the end of the request does.

        To be called before anything else is asked of a database, or much is made of what was read.
        """
        await self.ended()

    @property
    def complete(self) -> bool:
        """Whether everything up to the cut is in the tables read.

        Else `missing` names the logs of which less has arrived, and the streams that are parked ("budget/commitment/0193…").
        """
        return not self.missing

    @property
    def reached(self) -> dict[str, int]:
        """How far each log was read: the cut, or less where that names more than has arrived."""
        return {**self.cut, **self.behind}

    @property
    def token(self) -> str:
        """The cut as text, for `cut=` and `at_least=`; logs at 0 are left out."""
        return token_of(self.cut)

    @property
    def again(self) -> dict[str, str]:
        """What asks for the same cut again, whatever is recorded meanwhile: the day asked for once it is settled, else the cut.

        Empty while nothing is recorded anywhere, which has no name.
        """
        if self.as_of is not None and self.settled:
            return {"as_of": self.as_of.isoformat()}
        return {"cut": self.token} if self.token else {}


def token_of(cut: Mapping[str, int]) -> str:
    """Return a cut as text, for `cut=` and `at_least=`; logs at 0 are left out."""
    return ",".join(event_name(source, position) for source, position in sorted(cut.items()) if position)


class Spoken(TypedDict):
    """The members of AsOf."""

    cut: Cut
    complete: bool
    missing: tuple[str, ...]


class AsOf(BaseModel):
    """What an answer speaks of. cut: the position per log; missing: logs of which less has arrived than was asked for, streams that are parked."""

    model_config = ConfigDict(frozen=True)

    cut: Cut
    complete: bool
    missing: tuple[str, ...]

    @staticmethod
    def of(view: View) -> Spoken:
        """Return these members for an answer that was read through a view."""
        return Spoken(cut=dict(view.cut), complete=view.complete, missing=view.missing)


def end_of(day: date) -> datetime:
    """Return the moment at which a day in Brussels is over, as aware UTC."""
    return datetime.combine(day + timedelta(days=1), time(), BRUSSELS).astimezone(UTC)


def require_moment(as_of: date | None, cut: str | int | None) -> None:
    """Raise Malformed unless a day and a cut name one moment: at most one of them is given, and the day ends."""
    if as_of is not None and cut is not None:
        raise Malformed("give as_of or cut, not both", as_of=as_of.isoformat(), cut=cut)
    if as_of == date.max:
        raise Malformed(f"as_of: {as_of} does not end", as_of=as_of.isoformat())


async def view(
    request: Request,
    _caller: Caller,
    at_least: AtLeast = None,
    as_of: Annotated[IsoDay | None, Query(description="What was recorded by the end of this day in Brussels.")] = None,
    cut: Annotated[
        str | None, Query(max_length=500, description="Names of events, such as objectives:81,budget:12.")
    ] = None,
) -> AsyncIterator[View]:
    """Give a View for a request: the newest, as of a day, or as of a cut. Raises Malformed, NotYet, Busy, CutGone.

    Who asks is known first: without a token nobody is told what else is wrong.
    """
    runtime = runtime_of(request)
    require_moment(as_of, cut)
    await folded(runtime, at_least)
    named = tokens_of(cut, "cut")
    wanted = dict(named)
    if len(wanted) < len(named):
        raise Malformed(f"cut: one log is named twice in {cut!r}", parameter="cut", value=cut)
    for source in wanted:
        if source not in runtime.followers:
            raise Malformed(f"{runtime.service.name} reads no log {source!r}", cut=cut)
    async with opened(runtime, as_of, None if cut is None else wanted) as found:
        yield found


@asynccontextmanager
async def opened(runtime: Runtime, as_of: date | None, cut: Mapping[str, int] | None) -> AsyncIterator[View]:
    """Give a View: the newest, as of a day, or as of a cut, in which a log that is left out is at 0. Raises Busy, CutGone."""
    positions, missing = await _positions_of(runtime, as_of) if as_of else (cut or {}, ())
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(runtime.readers.connection())
        await stack.enter_async_context(db.transaction(isolation="repeatable_read", readonly=True))
        projections = runtime.service.projections
        entered = await enter(db, projections)
        at = {source: entered[source].position for source in runtime.followers}
        newest = as_of is None and cut is None
        whole = at if newest else {source: positions.get(source, 0) for source in runtime.followers}
        behind = {source: at[source] for source, position in whole.items() if position > at[source]}
        if cut is not None and behind:
            await require_there(db, cut)
        still = any(each.parked for each in entered.values())
        parked = await parked_until(db, projections, whole) if still else set()
        late = {*behind, *parked, *missing}
        yield View(db, whole, tuple(sorted(late)), as_of, behind, stack.aclose, settled=not missing)


# Given back before the answer is sent: its reader may be slow, and what fails until then can still be told.
Reading = Annotated[View, Depends(view, scope="function")]


async def folded(runtime: Runtime, at_least: str | None) -> None:
    """Return when the read models hold what `at_least` names. Raises NotYet after 2 s, Malformed for a log not read here."""
    for source, position in tokens_of(at_least):
        follower = runtime.followers.get(source)
        if follower is None:  # a log without read models here has arrived once its replica holds it
            await arrived(runtime, event_name(source, position))
            continue
        if not await follower.reach(position, WAIT_SECONDS):
            at = follower.position
            raise NotYet(f"{source} is read up to {at}, not yet {position}", source=source, reached=at, wanted=position)


async def _positions_of(runtime: Runtime, day: date) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the last positions before the end of a day, and the logs that have not gone past it yet."""
    moment = end_of(day)
    positions: dict[str, int] = {}
    missing: list[str] = []
    for source in runtime.followers:
        positions[source] = await runtime.store.position_before(source, moment)
        newest = (await runtime.store.head(source)).time
        if newest is None or newest < moment:
            missing.append(source)
    return positions, tuple(missing)
