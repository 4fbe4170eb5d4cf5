"""What domains are written with: facts of commands, who may say what, what breaks a rule, what is recorded already."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, ValidationError

from regesta.command import Aggregate, Command, Context, Facts, Read, Rule, State, fact, judge, recorded, repeats
from regesta.errors import Differs, MayNotReport, Refused
from regesta.event import Event, FactWithdrawn
from regesta.testing import Domain

AT = datetime(2026, 1, 5, tzinfo=UTC)


class Colours(BaseModel):
    lid: str
    rim: str | None = None


class JarPainted(Event):
    name = "jar-painted.v1"
    ref: str
    colours: Colours
    origin: str | None = None


class Source(BaseModel):
    system: str


class JarWeighed(Event):
    name = "jar-weighed.v1"
    ref: str
    grams: int
    colours: Colours | None = None
    origin: Source | None = None
    breaches: tuple[str, ...] = ()


class Weigh(Command):
    """Weigh a jar."""

    name = "weigh"
    scope = "jars:write"
    ref: str
    colours: Colours
    scales: str = "kitchen"
    origin: Source | None = None


class TooHeavy(Refused):
    """It is."""

    code = "too-heavy"


class TooLate(Refused):
    """It is."""

    code = "too-late"


WEIGHED = JarWeighed(ref="a", grams=70)
ELSEWHERE = WEIGHED.model_copy(update={"origin": Source(system="sap")})
NOBODY = Context("x", frozenset(), frozenset({"*"}), AT)
CONNECTOR = Context("x", frozenset({"connector"}), frozenset(), AT)


def test_a_command_becomes_the_fact_with_its_fields_of_the_same_names() -> None:
    command = Weigh(ref="a", colours=Colours(lid="red"), origin=Source(system="sap"), occurred="2024")
    weighed = JarWeighed(ref="b", grams=70, colours=Colours(lid="red"), origin=Source(system="sap"))
    assert fact(JarWeighed, command, grams=70, ref="b") == weighed
    with pytest.raises(TypeError, match=r"JarWeighed has no \['gram'\]"):
        fact(JarWeighed, command, grams=70, gram=70)
    with pytest.raises(ValidationError, match="grams"):
        fact(JarWeighed, command)


def test_a_decision_is_refused_for_the_first_rule_that_it_breaks() -> None:
    assert judge(WEIGHED, NOBODY, ()) is WEIGHED
    with pytest.raises(TooHeavy):
        judge(WEIGHED, CONNECTOR, iter([TooHeavy("70 g"), TooLate("at night")]))


def test_what_another_system_reports_is_recorded_with_all_the_rules_that_it_breaks() -> None:
    broken = [TooHeavy("70 g"), TooLate("at night"), TooHeavy("70 g")]
    assert judge(ELSEWHERE, CONNECTOR, iter(broken)) == ELSEWHERE.model_copy(
        update={"breaches": ("too-heavy", "too-late")}
    )
    assert judge(ELSEWHERE, CONNECTOR, ()) == ELSEWHERE
    with pytest.raises(MayNotReport, match="'sap'"):
        judge(ELSEWHERE, NOBODY, broken)


@pytest.mark.parametrize(
    ("roles", "reports"),
    [(set(), False), ({"controller", "inspector"}, False), ({"connector"}, True), ({"administrator"}, True)],
)
def test_connectors_report_what_other_systems_did(roles: set[str], *, reports: bool) -> None:
    context = Context("x", frozenset(roles), frozenset({"*"}), AT)
    assert context.may_report is reports
    with nullcontext() if reports else pytest.raises(MayNotReport, match="'sap'"):
        context.require_reporter(Source(system="sap"))
    context.require_reporter(None)


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


def test_when_a_fact_occurred_is_heard_when_it_is_said() -> None:
    painted = JarPainted(ref="a", colours=Colours(lid="red"))
    dated = painted.dated("2024-06")
    assert (painted.occurred, dated.occurred, dated.model_copy(update={"ref": "b"}).occurred) == (
        None,
        "2024-06",
        "2024-06",
    )
    assert dated == painted
    assert "2024-06" not in dated.model_dump_json()
    assert recorded(dated, dated, Differs)
    assert recorded(dated, painted, Differs)
    for kept, was in ((painted, None), (dated.dated("2023"), "2023")):
        with pytest.raises(Differs) as differs:
            recorded(kept, dated, Differs)
        assert differs.value.details == {"field": "occurred", "recorded": was, "given": "2024-06"}


def test_a_statement_is_repeated_when_nothing_is_said_otherwise() -> None:
    painted = JarPainted(ref="a", colours=Colours(lid="red"))
    assert repeats(painted, painted)
    assert repeats(painted.dated("2024"), painted)
    assert not repeats(None, painted)
    assert not repeats(painted, painted.dated("2024"))
    assert not repeats(painted, painted.model_copy(update={"ref": "b"}))


class JarEmptied(Event):
    name = "jar-emptied.v1"
    withdrawable = True


class Empty(Command):
    """Empty a jar."""

    name = "empty"
    scope = "jars:write"


class Painted(State):
    """Jars of which only the paint is told."""

    prefix = "painted"


class Emptied(State):
    """Jars that can be emptied, which may be withdrawn."""

    prefix = "emptied"


def evolve_painted(jar: Painted, event: JarPainted | JarWeighed) -> None:
    """Keep nothing."""


def evolve_emptied(jar: Emptied, event: JarEmptied) -> None:
    """Keep nothing."""


PAINTED = Aggregate(Painted, evolve_painted)
EMPTIED = Aggregate(Emptied, evolve_emptied)


def test_streams_hold_what_their_fold_is_typed_with_and_withdrawals_of_steps() -> None:
    assert PAINTED.events == {JarPainted, JarWeighed}
    assert EMPTIED.events == {JarEmptied, FactWithdrawn}


def test_a_fact_is_not_decided_in_streams_of_a_kind_that_holds_none_such() -> None:
    def empty(kind: type[State]) -> Rule[Empty]:
        def decide(_command: Empty, read: Read, _context: Context) -> Facts:
            return {read(kind, "a").stream: [JarEmptied()]}

        return Rule(Empty, decide)

    assert Domain([PAINTED, EMPTIED], [empty(Emptied)]).when(Empty()) == {"emptied/a": [JarEmptied()]}
    with pytest.raises(TypeError, match=r"'jar-emptied.v1' is decided in 'painted/a'"):
        Domain([PAINTED, EMPTIED], [empty(Painted)]).when(Empty())
