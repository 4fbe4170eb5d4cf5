"""Logs in portions, as intake brings them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from regesta.event import Recorded
from tests.services.reporting.history import History


def portions(history: History, random: Random) -> Iterator[tuple[str, list[Recorded]]]:
    """Yield the logs of a history in random portions, in random turns."""
    fed = dict.fromkeys(history.logs, 0)
    while left := [source for source, log in history.logs.items() if fed[source] < len(log)]:
        source = random.choice(left)
        size = random.choice((1, 2, 7, 40))
        yield source, history.logs[source][fed[source] : fed[source] + size]
        fed[source] += size
