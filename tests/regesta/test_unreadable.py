"""Nothing is decided on a stream with a fact that cannot be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from regesta.errors import LaterRelease, UnreadableFact
from regesta.suites import META, new_event, new_unit
from regesta.unit import NewEvent, Store, Unit
from tests.regesta.deciding import CONTEXT, Start, fill, filled_by_another, keyed
from tests.regesta.jars import Pour


def bad(version: int, kind: str = "jar-filled.v1", data: str = '{"ref":"secret","amount":"many"}') -> Unit:
    """Return what no release of ours appends to jar/a."""
    return Unit({"jar/a": version - 1}, [NewEvent("jar/a", version, kind, META, data)])


UNREADABLE = {
    "a member of another type": (
        bad(2),
        "ValidationError: amount: Input should be a valid integer, unable to parse string as an integer",
    ),
    "a member that lacks": (bad(2, data='{"ref":"secret"}'), "ValidationError: amount: Field required"),
    "no object": (bad(2, data='["secret"]'), "ValidationError: data: Input should be an object"),
    "what no fold knows": (bad(2, "shard.v1", '{"secret":1}'), "AssertionError"),
    "a withdrawal of nothing": (bad(2, "fact-withdrawn.v1", '{"event":"secret","reason":"r"}'), "ValueError"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("met", ["when loaded", "when stale"])
async def test_nothing_is_decided_on_a_fact_that_cannot_be_read(
    store: Store, start: Start, caplog: pytest.LogCaptureFixture, kind: str, met: str
) -> None:
    """Each is told the same, without the fact's data, and one line of the log too; a key that is stored is answered."""
    unit, fault = UNREADABLE[kind]
    decider = await start(store)
    first = await decider.handle(fill("r"), CONTEXT, keyed("one"))
    other = await decider.handle(fill("b", jar="b"), CONTEXT)
    await store.append(unit)
    await store.append(filled_by_another("behind", 3))
    if met == "when loaded":
        decider = await start(store)
    told = f"nothing is decided on 'jar/a', for jars:3 cannot be read: {fault}"
    for command in (fill("s"), fill("r"), Pour(jar="b", into="a", amount=1), fill("s")):
        with pytest.raises(UnreadableFact) as refused:
            await decider.handle(command, CONTEXT)
        assert str(refused.value) == told
        assert refused.value.details == {
            "stream": "jar/a", "event": "jars:3", "source": "jars", "position": 3, "fault": fault,
        }  # fmt: skip
    assert await decider.handle(fill("r"), CONTEXT, keyed("one")) == replace(first, repeated=True)
    assert (await decider.handle(fill("b", jar="b"), CONTEXT)).version == other.version
    assert (await store.head("jars")).position == 4
    (record,) = [each for each in caplog.records if each.name == "regesta.decider"]
    assert record.getMessage() == told.replace("'", "")
    assert (record.exc_info is None) is fault.startswith("ValidationError")


async def test_nothing_is_decided_on_a_fact_of_a_later_release(store: Store, start: Start) -> None:
    """What it says is not in the state, so any rule might be broken; a key that is stored proves its answer all the same."""
    decider = await start(store)
    first = await decider.handle(fill("r"), CONTEXT, keyed("one"))
    await decider.handle(fill("b", jar="b"), CONTEXT)
    await store.append(new_unit(new_event("jar/a", 2)))
    for command in (fill("s"), fill("r"), Pour(jar="b", into="a", amount=1)):
        with pytest.raises(LaterRelease) as refused:
            await decider.handle(command, CONTEXT)
        assert refused.value.details == {"stream": "jar/a", "position": 3}
    assert await decider.handle(fill("r"), CONTEXT, keyed("one")) == replace(first, repeated=True)
    assert (await store.head("jars")).position == 3
