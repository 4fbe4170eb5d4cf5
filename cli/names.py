"""Writes the names that others rely on, and what each promises: `python -m cli.names`. Needs no database.

Clients know a problem by its type, whoever watches knows a metric or a cause by its name; rules, streams and keys are in what was
recorded. So a name never goes, and keeps its promises: a value stays as it is, a list may only grow. Else nothing is written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import TypeAdapter

from cli.installation import services
from cli.problems import answered, of_the_command
from contracts.compatibility import Break, escaped
from contracts.evidence import VARIABLE
from regesta import calendar
from regesta.bulk import IMPORT
from regesta.command import AnyAggregate
from regesta.event import types_of
from regesta.problem import TYPE_BASE
from regesta.reaction import Reaction
from regesta.reasons import Cause
from regesta.runtime import Service
from regesta.settings import Settings
from regesta.signals import METRICS, SPANS, Metric

PUBLISHED: Final = Path(__file__).parent.parent / "contracts" / "names.json"
INSTEAD: Final = """\
nothing is written: keep the old one, and add a new name beside it; see docs/howto/evolve.md
only what no release has published may be taken out of the file by hand, where the review sees it
"""

# By member.
Promises: TypeAlias = dict[str, int | str | list[str]]
Named: TypeAlias = dict[str, Promises]
# By kind, then by name.
Names: TypeAlias = dict[str, Named]
FILE: Final = TypeAdapter(Names)


def generated() -> Names:
    """Return every name with what it promises."""
    declared = services()
    return {
        "causes": {each.code: {"level": each.value.level.value} for each in Cause},
        "commands": of_each(declared, commands),
        "metrics": {each.name: metric(each) for each in METRICS},
        "prefixes": {IMPORT: {}, TYPE_BASE: {}},
        "problems": problems([each.name for each in declared]),
        "problems-of-the-command": {each.code: {"status": each.status} for each in of_the_command()},
        "reactions": of_each(declared, lambda service: reactions(service.reactions)),
        "settings": {key: {} for key in [VARIABLE, *(f"REGESTA_{name.upper()}" for name in Settings.model_fields)]},
        "spans": {each.name: {"attributes": sorted(each.attributes)} for each in SPANS},
        "streams": of_each(declared, lambda service: streams([*service.aggregates, calendar.AGGREGATE])),
    }


def of_each(declared: Iterable[Service], named: Callable[[Service], Named]) -> Named:
    """Return the names of one kind that each service has for itself, with the service before them."""
    return {f"{each.name}/{name}": promises for each in declared for name, promises in named(each).items()}


def commands(service: Service) -> Named:
    """Return the names by which bulks call commands, with the scope that a token needs for each."""
    return {name: {"scope": command.scope} for name, command in service.commands().items()}


def metric(declared: Metric) -> Promises:
    """Return what a metric promises; bounds of a histogram are advice, which a collector may overrule."""
    return {"kind": declared.kind.value, "unit": declared.unit, "attributes": sorted(declared.attributes)}


def problems(names: Sequence[str]) -> Named:
    """Return the problem types with the services that answer them; those of the kernel are answered by all."""
    owners = {"regesta.": names} | {f"services.{name}.": [name] for name in names}
    found: dict[str, tuple[int, set[str]]] = {}
    for error in answered():
        for prefix, mine in owners.items():
            if error.__module__.startswith(prefix):
                # A type has one status, as its test says.
                found.setdefault(error.code, (error.status, set()))[1].update(mine)
    return {code: {"status": status, "services": sorted(by)} for code, (status, by) in found.items()}


def reactions(declared: Iterable[Reaction]) -> Named:
    """Return the names of reactions, which are in the keys of what they recorded: under another all would be recorded again."""
    found: dict[str, list[str]] = {}
    for each in declared:
        found.setdefault(each.name, []).append(each.source)
    return {name: {"sources": sorted(sources)} for name, sources in found.items()}


def streams(aggregates: Iterable[AnyAggregate]) -> Named:
    """Return the prefixes of streams, each with the types of the events that stand there."""
    return {each.state.prefix: {"types": sorted(types_of(each.events))} for each in aggregates}


def refused(before: Names, after: Names) -> Iterator[Break]:
    """Yield each promise that is not kept, in the order of the old ones."""
    for kind, named in before.items():
        for name, old in named.items():
            at = f"/{kind}/{escaped(name)}"
            new = after.get(kind, {}).get(name)
            if new is None:
                yield Break(at, "is gone")
            else:
                yield from _broken(old, new, at)


def _broken(old: Promises, new: Promises, at: str) -> Iterator[Break]:
    for member, was in old.items():
        now = new.get(member)
        if isinstance(was, list) and isinstance(now, list):
            yield from (Break(f"{at}/{member}", f"{each!r} is gone") for each in was if each not in now)
        elif now != was:
            yield Break(f"{at}/{member}", f"was {was!r}, is {now!r}")


def main(file: Path = PUBLISHED) -> int:
    """Write the file and return 0; write nothing and return 1 when a promise would not be kept."""
    after = generated()
    before = FILE.validate_json(file.read_text("utf-8")) if file.exists() else {}
    if broken := list(refused(before, after)):
        sys.stderr.write("".join(f"{file.name}#{each}\n" for each in broken) + INSTEAD)
        return 1
    file.write_text(text(after), encoding="utf-8")
    return 0


def text(names: Names) -> str:
    """Return the file as it is written: each name on a line of its own, so that a change of it is one line."""
    kinds = (f"  {json.dumps(kind)}: {{\n" + ",\n".join(_lines(names[kind])) + "\n  }" for kind in sorted(names))
    return "{\n" + ",\n".join(kinds) + "\n}\n"


def _lines(named: Named) -> Iterator[str]:
    for name in sorted(named):
        yield f"    {json.dumps(name)}: {json.dumps(named[name], sort_keys=True)}"


if __name__ == "__main__":
    sys.exit(main())
