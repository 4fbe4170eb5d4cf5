from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import ValidationError

from contracts.dossiers import (
    CallLaunched,
    DossierAttached,
    DossierCompleted,
    DossierDetached,
    DossierLinked,
    DossierOpened,
    DossierResumed,
    DossierStopped,
    DossierUnlinked,
)
from contracts.types import Text
from regesta.command import Command, Context, Facts, S
from regesta.errors import MayNotReport, RegestaError
from services.objectives.domain import errors
from services.objectives.domain.lifecycle import (
    CompleteDossier,
    LinkDossier,
    MergeDossier,
    OpenDossier,
    ResumeDossier,
    StopDossier,
    SuspendDossier,
    UnlinkDossier,
    link,
)
from services.objectives.domain.note import CloseObjective
from tests.services.objectives.samples import (
    ACTION,
    CONNECTOR,
    DOSSIER,
    EUROGES,
    NEW,
    OTHER,
    PROGRAMME,
    SECOND,
    SLUG,
    STREAM,
    TITLE,
    domain,
    opened,
    planned,
)

OPEN = OpenDossier(dossier=DOSSIER, kind="subsidy", title=TITLE, objectives=(ACTION,), programmes=(PROGRAMME,))
PROGRAMMES: Facts = {f"dossier/{PROGRAMME}": [DossierOpened(kind="programme", title=TITLE)]}
SUSPEND = SuspendDossier(dossier=DOSSIER, reason="appeal")
ENDINGS = (
    StopDossier(dossier=DOSSIER, reason="no credits"),
    MergeDossier(dossier=DOSSIER, into=PROGRAMME),
    CompleteDossier(dossier=DOSSIER),
)


def test_opening_attaches_it_to_what_it_serves() -> None:
    here = domain().given(PROGRAMMES)
    assert here.when(OPEN) == {
        STREAM: [DossierOpened(kind="subsidy", title=TITLE, objectives=(ACTION,), programmes=(PROGRAMME,))],
        f"objective/{ACTION}": [DossierAttached(dossier=DOSSIER)],
        f"dossier/{PROGRAMME}": [DossierAttached(dossier=DOSSIER)],
    }
    assert here.when(OPEN) == {}
    with pytest.raises(errors.DossierDiffers):
        here.when(OPEN.model_copy(update={"title": Text(fr="Autre")}))


@pytest.mark.parametrize(
    ("update", "refusal"),
    [
        ({"objectives": (NEW,)}, errors.ObjectiveNotKnown),
        ({"objectives": (OTHER,)}, errors.ObjectiveIsClosed),
        ({"programmes": (NEW,)}, errors.DossierNotKnown),
        ({"programmes": (DOSSIER,)}, errors.ProgrammeUnderItself),
        ({"programmes": (SECOND,)}, errors.NotAProgramme),
        ({"origin": EUROGES}, MayNotReport),
    ],
)
def test_what_cannot_be_opened(update: dict[str, object], refusal: type[RegestaError]) -> None:
    here = domain().given(PROGRAMMES).given({f"dossier/{SECOND}": [DossierOpened(kind="call", title=TITLE)]})
    here.when(CloseObjective(note=SLUG, objective=OTHER, reason="stopped"))
    with pytest.raises(refusal):
        here.when(OPEN.model_copy(update=update))


def test_a_programme_that_has_ended_takes_no_dossier() -> None:
    here = domain().given(PROGRAMMES).given({f"dossier/{PROGRAMME}": [DossierCompleted()]})
    with pytest.raises(errors.DossierHasEnded):
        here.when(OPEN)


def test_a_connector_opens_what_it_reports() -> None:
    assert domain().given(PROGRAMMES).when(OPEN.model_copy(update={"origin": EUROGES}), roles=CONNECTOR) != {}


def test_links_come_and_go_on_both_sides() -> None:
    here = opened()
    link, unlink = LinkDossier(dossier=DOSSIER, objective=OTHER), UnlinkDossier(dossier=DOSSIER, objective=OTHER)
    assert here.when(unlink) == {}
    assert here.when(link) == {
        STREAM: [DossierLinked(objective=OTHER)], f"objective/{OTHER}": [DossierAttached(dossier=DOSSIER)]
    }  # fmt: skip
    assert here.when(link) == {}
    assert here.when(unlink) == {
        STREAM: [DossierUnlinked(objective=OTHER)], f"objective/{OTHER}": [DossierDetached(dossier=DOSSIER)]
    }  # fmt: skip
    with pytest.raises(errors.ObjectiveNotKnown):
        here.when(LinkDossier(dossier=DOSSIER, objective=NEW))
    for wrong in ({}, {"objective": OTHER, "programme": PROGRAMME}):
        with pytest.raises(ValidationError, match="one of the two"):
            LinkDossier.model_validate({"dossier": DOSSIER} | wrong)


def test_no_programme_belongs_to_itself() -> None:
    here = domain().given(PROGRAMMES).given({f"dossier/{SECOND}": [DossierOpened(kind="programme", title=TITLE)]})
    here.when(LinkDossier(dossier=SECOND, programme=PROGRAMME))
    for dossier, programme in ((PROGRAMME, SECOND), (PROGRAMME, PROGRAMME)):
        with pytest.raises(errors.ProgrammeUnderItself):
            here.when(LinkDossier(dossier=dossier, programme=programme))
    here.when(UnlinkDossier(dossier=SECOND, programme=PROGRAMME))
    assert here.when(LinkDossier(dossier=PROGRAMME, programme=SECOND)) != {}


def test_programmes_to_which_many_ways_lead_are_read_once() -> None:
    here, reads = opened(), Counter[str]()
    rows = [[str(UUID(int=2 * level)), str(UUID(int=2 * level + 1))] for level in range(12)]
    for above, row in zip([[], *rows], rows, strict=False):
        programme = DossierOpened(kind="programme", title=TITLE, programmes=tuple(above))
        here.given({f"dossier/{key}": [programme] for key in row})

    def read(kind: type[S], key: str) -> S:
        reads[key] += 1
        return here.state(kind, key)

    lowest = rows.pop()[0]
    context = Context("officer", frozenset(), frozenset(), datetime(2024, 4, 15, tzinfo=UTC))
    facts = link(LinkDossier(dossier=DOSSIER, programme=lowest), read, context)
    assert facts[STREAM] == [DossierLinked(programme=lowest)]
    # The lowest once more: it must be an open programme.
    assert reads == {DOSSIER: 1, lowest: 2} | {key: 1 for row in rows for key in row}
    with pytest.raises(errors.ProgrammeUnderItself, match=lowest):
        here.when(LinkDossier(dossier=rows[0][0], programme=lowest))


def test_suspended_and_resumed() -> None:
    here = opened()
    resume = ResumeDossier(dossier=DOSSIER, reason="settled")
    with pytest.raises(errors.NotSuspended):
        here.when(resume)
    here.when(SUSPEND)
    assert here.when(SUSPEND) == {}
    with pytest.raises(errors.DossierDiffers, match="'appeal'"):
        here.when(SUSPEND.model_copy(update={"reason": "another"}))
    with pytest.raises(errors.DossierIsSuspended):
        here.when(CompleteDossier(dossier=DOSSIER))
    assert here.when(resume) == {STREAM: [DossierResumed(reason="settled")]}
    assert here.when(resume) == {}
    assert here.when(SUSPEND) != {}


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_ends_once(ending: Command) -> None:
    here = opened().given(PROGRAMMES)
    assert len(here.when(ending)[STREAM]) == 1
    assert here.when(ending) == {}
    link = LinkDossier(dossier=DOSSIER, objective=ACTION)
    for late in (*ENDINGS, SUSPEND, ResumeDossier(dossier=DOSSIER), link):
        if late is not ending:
            with pytest.raises(errors.DossierHasEnded, match="has ended"):
                here.when(late)


def test_merged_into_one_that_goes_on() -> None:
    here = opened().given({f"dossier/{SECOND}": [DossierOpened(kind="call", title=TITLE), DossierStopped(reason="x")]})
    for into, refusal in (
        (DOSSIER, errors.MergedIntoItself),
        (NEW, errors.DossierNotKnown),
        (SECOND, errors.DossierHasEnded),
    ):
        with pytest.raises(refusal):
            here.when(MergeDossier(dossier=DOSSIER, into=into))


def test_opened_in_error_only_with_nothing_under_it() -> None:
    here = domain().given(PROGRAMMES)
    here.when(OPEN)
    programme = StopDossier(dossier=PROGRAMME, reason="twice", registered_in_error=True)
    with pytest.raises(errors.StillOpenUnder) as refused:
        here.when(programme)
    assert refused.value.details["open"] == [STREAM]
    in_error = StopDossier(dossier=DOSSIER, reason="twice", registered_in_error=True)
    assert here.when(in_error) != {}
    assert here.when(programme) != {}
    for step in (CallLaunched(), planned()):
        with pytest.raises(errors.StillOpenUnder):
            opened("call").given({STREAM: [step]}).when(in_error)


@pytest.mark.parametrize("command", [*ENDINGS, SUSPEND, LinkDossier(dossier=DOSSIER, objective=ACTION)])
def test_nothing_happens_to_a_dossier_that_nobody_opened(command: Command) -> None:
    with pytest.raises(errors.UnknownDossier, match=DOSSIER):
        domain().when(command)
