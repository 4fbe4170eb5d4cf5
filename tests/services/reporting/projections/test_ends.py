from __future__ import annotations

from contracts import dossiers, kpi
from contracts.budget import LineAssigned, LineUnassigned
from contracts.objectives import FactPrinted, UnitAssigned, UnitReleased
from contracts.types import Text
from regesta.event import FactWithdrawn
from services.reporting.domain.letter import Objective
from tests.conftest import FreshDatabase
from tests.services.reporting.history import History
from tests.services.reporting.system import System, system_on

ID = "00000000-0000-4000-8000-000000000001"
LINE = "urban.33.004.28.01.6321"


async def shown(system: System, history: History, objective: str) -> Objective:
    """Return an objective of the newest letter, after what was recorded meanwhile."""
    for source, log in history.logs.items():
        await system.feed(source, log[system.followers[source].position :])
    letter = await system.letter("territorial", 2024)
    return next(each for each in letter.objectives if each.id == objective)


async def test_what_is_ended_withdrawn_or_unlinked_is_gone_and_its_past_stays(fresh_database: FreshDatabase) -> None:
    history = History(seed=1)
    first, second = (id_ for note, level, id_ in history.objectives if note == "territorial" and level != "action")
    stream, dossier, assignment = f"objective/{first}", f"dossier/{ID}", f"assignment/{first}"
    async with system_on(await fresh_database("reporting")) as system:
        opened = dossiers.DossierOpened(kind="subsidy", title=Text(fr="x"), objectives=(first, second))
        history.add("objectives", dossier, opened)
        printed = FactPrinted(type="approval", text=Text(fr="approuvé"), reading="done")
        fact = history.add("objectives", stream, printed)
        history.add("objectives", stream, UnitAssigned(unit="dru", role="lead"))
        history.add("kpi", f"indicator/{ID}", kpi.IndicatorDefined(measure=kpi.Manual(kind="manual")))
        history.add("kpi", f"indicator/{ID}", kpi.IndicatorPlaced(objective=first))
        history.add("budget", assignment, LineAssigned(assignment=ID, line=LINE))
        before = await shown(system, history, first)
        cut: dict[str, int] = {source: len(log) for source, log in history.logs.items()}
        assert before.content.budget is not None
        assert (len(before.dossiers), len(before.content.facts.done), len(before.units)) == (1, 1, 1)
        assert (len(before.content.indicators), len(before.content.budget.rows)) == (1, 1)

        history.add("objectives", dossier, dossiers.DossierUnlinked(objective=first))
        history.add("objectives", stream, FactWithdrawn(event=f"objectives:{fact}", reason="not there"))
        history.add("objectives", stream, UnitReleased(unit="dru", role="lead"))
        history.add("kpi", f"indicator/{ID}", kpi.IndicatorRemoved(objective=first))
        history.add("budget", assignment, LineUnassigned(assignment=ID, line=LINE))
        after = await shown(system, history, first)
        assert (after.dossiers, after.content.facts.done, after.units) == ((), (), ())
        assert (after.content.indicators, after.content.budget) == ((), None)
        (served,) = (await shown(system, history, second)).dossiers
        assert served.objectives == (second,)

        letter = await system.letter("territorial", 2024, cut)
        assert next(each for each in letter.objectives if each.id == first) == before


async def test_what_ended_can_begin_again(fresh_database: FreshDatabase) -> None:
    history = History(seed=1)
    first = next(id_ for note, level, id_ in history.objectives if note == "territorial" and level == "operational")
    dossier = f"dossier/{ID}"
    async with system_on(await fresh_database("reporting")) as system:
        history.add(
            "objectives", dossier, dossiers.DossierOpened(kind="subsidy", title=Text(fr="x"), objectives=(first,))
        )
        history.add("objectives", dossier, dossiers.DossierUnlinked(objective=first))
        history.add("objectives", dossier, dossiers.DossierLinked(objective=first))
        assert len((await shown(system, history, first)).dossiers) == 1
