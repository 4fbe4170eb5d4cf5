"""The order in which a read model folds a log when a stream was parked and retried at the end."""

from __future__ import annotations

from collections.abc import Sequence

from regesta.event import Recorded


def parked_at(log: Sequence[Recorded], position: int) -> tuple[list[Recorded], list[Recorded]]:
    """Return what is folded meanwhile, and what is parked: the event at a position and those of its stream behind it."""
    poison = log[(position - 1) % len(log)]
    parked = [each for each in log if each.stream == poison.stream and each.version >= poison.version]
    return [each for each in log if each not in parked], parked
