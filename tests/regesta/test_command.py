"""What domains are written with: who may say what, and whether a fact is recorded already."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from regesta.command import Context, recorded
from regesta.errors import Differs, MayNotReport
from regesta.event import Event

AT = datetime(2026, 1, 5, tzinfo=UTC)


class Colours(BaseModel):
    lid: str
    rim: str | None = None


class JarPainted(Event):
    name = "jar-painted.v1"
    ref: str
    colours: Colours
    origin: str | None = None


@pytest.mark.parametrize(
    ("roles", "reports"),
    [(set(), False), ({"controller", "inspector"}, False), ({"connector"}, True), ({"administrator"}, True)],
)
def test_connectors_report_what_other_systems_did(roles: set[str], *, reports: bool) -> None:
    context = Context("x", frozenset(roles), frozenset({"*"}), AT)
    assert context.may_report is reports
    with nullcontext() if reports else pytest.raises(MayNotReport, match="'sap'"):
        context.require_reporter("sap")


def test_a_unit_is_spoken_for_by_its_own_tokens() -> None:
    def may(units: set[str], *roles: str) -> bool:
        return Context("x", frozenset(roles), frozenset(units), AT).may_act_for("bup")

    assert [may({"bup"}), may({"*"}), may(set(), "administrator")] == [True] * 3
    assert [may({"other"}), may(set()), may(set(), "connector")] == [False] * 3


def test_the_same_fact_is_recorded_once_whoever_brought_it() -> None:
    painted = JarPainted(ref="a", colours=Colours(lid="red"))
    assert not recorded(None, painted, Differs)
    assert recorded(painted, painted, Differs)
    assert recorded(painted, painted.model_copy(update={"origin": "elsewhere"}), Differs)


def test_other_content_under_one_reference_is_named() -> None:
    painted = JarPainted(ref="a", colours=Colours(lid="red"))
    blue = JarPainted(ref="a", colours=Colours(lid="blue"))
    with pytest.raises(Differs, match="colours") as differs:
        recorded(painted, blue, Differs)
    assert differs.value.details == {"field": "colours", "recorded": {"lid": "red"}, "given": {"lid": "blue"}}
