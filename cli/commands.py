"""The commands of `regesta`, with how each of our errors is told.

What only some commands need is imported by these: the others, and `--help`, do not wait for it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape

from cli import views
from cli.importing.errors import ServerAway
from cli.imports import import_app
from cli.options import DEFAULT_DATA, DEFAULT_URL, AsJson, AsOf, DataDir, Service, Token, Url, service_of
from cli.output import require_output, write
from cli.parking import park_app
from cli.rebuilding import Wanted, rebuild_and_wait
from cli.remote import Remote, RemoteRefused, RemoteUnreachable
from cli.standalone import standalone
from cli.tokens import ALL_ROLES, ALL_SCOPES, SERVICES
from regesta.auth import LONGEST_SUBJECT
from regesta.errors import Misconfigured, RegestaError

REFUSED, MISUSED, UNREACHABLE = 1, 2, 3
SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# A kind, and a key that may have parts; no part is one that an address leaves out.
STREAM: Final = re.compile(r"[a-z][a-z0-9-]*(/(?!\.{1,2}(/|$))[^/]+)+")

app = typer.Typer(
    name="regesta",
    help="Turns what happens in public programmes into the letter that accounts for it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(import_app, name="import")
app.add_typer(park_app, name="park")
console = Console()
errors = Console(stderr=True)


class LetterForm(StrEnum):
    """In which form a letter is printed."""

    json = "json"
    html = "html"


@app.command(epilog="Example: regesta demo --port 8080 --data-dir .regesta")
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="<port>", help="0 takes a free one.")] = 8080,
    data_dir: DataDir = DEFAULT_DATA,
    ready_file: Annotated[Path | None, typer.Option(help="Written whole, as JSON, when the demo can serve.")] = None,
    no_sample: Annotated[bool, typer.Option("--no-sample", help="Start without the sample programme.")] = False,
) -> None:
    """Start everything on this machine, with the sample programme."""
    from cli.demo import demo as run_demo
    from cli.demo_options import Options
    from regesta import telemetry

    telemetry.log_json("WARNING")
    telemetry.start("demo")
    run_demo(Options(data_dir, port, ready_file=ready_file, sample=not no_sample), console)


@app.command(epilog="Example: REGESTA_BUDGET_DATABASE_URL=... regesta serve budget kpi")
def serve(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all four when none is named.")] = None,
) -> None:
    """Serve services in one process.

    Settings come from the environment: REGESTA_<NAME> for all, REGESTA_<SERVICE>_<NAME> for one of them.
    """
    names = _services(services)
    from cli.serving import serve_services
    from regesta import telemetry

    telemetry.log_json()
    telemetry.start("serve")
    serve_services(names)


@app.command(epilog="Example: regesta letter sport 2024 --as html --out letter.html")
def letter(
    note: Annotated[str, typer.Argument(help="The note's slug, as in the letter's address.")],
    year: Annotated[int, typer.Argument(help="Which the letter plans; it accounts for the one before.")],
    form: Annotated[LetterForm, typer.Option("--as", help="The form of the letter.")] = LetterForm.json,
    as_of: AsOf = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="As it was frozen: its very bytes, if they are what is hashed.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A file; standard output when none is named.")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Print the letter of a note and year."""
    if frozen:
        if form is not LetterForm.json or as_of is not None:
            raise typer.BadParameter(
                "a frozen letter is JSON, as of the cut that it was frozen at", param_hint="--frozen"
            )
        from cli.freezing import frozen_letter

        _put_out(frozen_letter(Remote(url, token), _slug(note), year, errors), out)
        return
    params = {"view": "whole"} if form is LetterForm.html else {}
    if as_of is not None:
        params["as_of"] = as_of
    accept = "application/json" if form is LetterForm.json else "text/html"
    remote = Remote(url, token)
    answer = remote.ask("GET", f"/reporting/v1/letters/{_slug(note)}/{year}", params=params, accept=accept)
    _put_out(answer.content if form is LetterForm.json else standalone(answer.text, remote).encode(), out)


def _put_out(content: bytes, out: Path | None) -> None:
    """Write a letter to a file as it is, or to standard output with the end of a line."""
    if out is None:
        write(content + b"\n")
    else:
        out.write_bytes(content)


@app.command(epilog="Example: regesta freeze sport 2024 --as-of 2024-03-31")
def freeze(
    note: Annotated[str, typer.Argument(help="The note's slug, as in the letter's address.")],
    year: Annotated[int, typer.Argument(help="Which the letter plans; it accounts for the one before.")],
    as_of: AsOf = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Keep the letter of a note and year as it is, byte for byte and for ever.

    As of the end of a day, or of all that has arrived. Exit code 1 when it is frozen otherwise, or not all is here.
    """
    from cli.freezing import freeze as freeze_letter

    found = freeze_letter(Remote(url, token), _slug(note), year, as_of)
    views.show(found, as_json, views.frozen, console)


@app.command(epilog="Example: regesta replay budget commitment/0193... --as-of 2026-06-30")
def replay(
    service: Service,
    stream: Annotated[str, typer.Argument(help="Such as commitment/0193...")],
    as_of: AsOf = None,
    cut: Annotated[int | None, typer.Option(min=0, help="Only events up to this position.")] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Show the state and the history of a stream, also of the past."""
    params = {"as_of": as_of} if as_of is not None else {}
    if cut is not None:
        params["cut"] = str(cut)
    found = Remote(url, token).read(f"/{service}/v1/streams/{_stream(stream)}", params)
    views.show(found, as_json, views.history, console)


@app.command(epilog="Example: regesta lag --json")
def lag(as_json: AsJson = False, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Show how far read models, reactions, replicas and topics are behind the logs, in events and by the age of the oldest."""
    remote = Remote(url, token)
    found = {
        service: {what: remote.read(f"/{service}/v1/{what}") for what in ("projections", "replicas", "log")}
        for service in SERVICES
    }
    views.show(found, as_json, views.lag, console)


@app.command(epilog="Example: regesta doctor budget --data-dir .regesta")
def doctor(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all four when none is named.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Look at the databases: settings, clocks, disk, durable commits, rights, migrations.

    They are those that REGESTA_DATABASE_URL or REGESTA_<SERVICE>_DATABASE_URL name, else those of the embedded installation.
    Exit code 1 when something fails.
    """
    from cli.doctor import examine_all, failed

    found = examine_all(_services(services), data_dir)
    views.show(found, as_json, views.examined, console)
    if failed(found):
        raise typer.Exit(REFUSED)


@app.command(epilog="Example: regesta rebuild budget --projection lines")
def rebuild(
    service: Service,
    projection: Annotated[str | None, typer.Option(help="Only this read model.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Take the new rows even if they differ.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Fill read models again from the logs, beside those in use.

    The new ones take their place when they are the same; exit code 1 when they differ.
    """
    found = rebuild_and_wait(Remote(url, token), Wanted(service, projection, accept=accept), errors)
    views.show(found, as_json, views.rebuilt, console)
    if found["failures"]:
        raise typer.Exit(REFUSED)


@app.command(epilog="Example: regesta backup budget --out budget.backup")
def backup(
    service: Service,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The file to write; it is there only when it is whole.")],
    data_dir: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Back up the log of a service, while it runs.

    From the database in REGESTA_<SERVICE>_DATABASE_URL or REGESTA_DATABASE_URL, else of the embedded installation.
    """
    from cli.recovering import back_up

    views.show(back_up(service, out, data_dir, errors), as_json, views.backed_up, console)


@app.command(epilog="Example: regesta restore budget budget.backup --data-dir new")
def restore(
    service: Service,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `regesta backup` wrote.")],
    data_dir: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into the empty database of a service.

    Into that in REGESTA_<SERVICE>_OWNER_URL or REGESTA_OWNER_URL, else of the embedded installation. Recover it then.
    """
    from cli.recovering import restore as restore_from

    views.show(restore_from(service, file, data_dir, errors), as_json, views.restored, console)


@app.command(epilog="Example: regesta recover budget")
def recover(
    service: Service,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Open the log also when events may be lost; it gets a new id.")
    ] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Let a closed log take back from its consumers what it lacks, and open it.

    Exit code 1, with who is missing, when a consumer does not answer.
    """
    from cli.recovering import recover as recover_log

    found = recover_log(Remote(url, token), service, errors, accept_loss=accept_loss)
    views.show(found, as_json, views.recovered, console)


@app.command(epilog="Example: regesta adopt reporting budget")
def adopt(
    consumer: Annotated[str, typer.Argument(callback=service_of, help="The service that keeps a copy of the log.")],
    source: Annotated[str, typer.Argument(callback=service_of, help="The service whose log is another one by now.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Let a service give up what only it holds of another's log, and follow that log as it is now."""
    from cli.recovering import adopt as adopt_log

    found = adopt_log(Remote(url, token), consumer, source, ask=not yes)
    views.show(found, as_json, views.adopted, console)


@app.command(epilog="Example: regesta token --scope budget:read --unit dru --hours 8")
def token(
    subject: Annotated[str, typer.Option(help="Who it speaks for; becomes the actor of events.")] = "operator",
    scope: Annotated[list[str] | None, typer.Option(help="Repeat for several; all when none is named.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="Repeat for several.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Administrative unit; repeat for several.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 366, metavar="<hours>", help="How long it is good.")] = 12,
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Print a token of the embedded installation.

    Without scopes, roles and units it may do everything.
    """
    from cli.installation import open_installation

    if not (data_dir / "keys" / "key.json").exists():
        raise Misconfigured(f"{str(data_dir)!r} is no installation; `regesta demo` makes one")
    issuer = open_installation(data_dir)
    if scope is None and role is None and unit is None:
        made = issuer.token(_subject(subject), ALL_SCOPES, roles=ALL_ROLES, units=["*"], hours=hours)
    else:
        made = issuer.token(
            _subject(subject), _scopes(scope), roles=_roles(role or []), units=_units(unit or []), hours=hours
        )
    write(f"{made}\n".encode())


def _services(names: list[str] | None) -> list[str]:
    """Return the services that are meant: all when none is named."""
    for name in names or ():
        if name not in SERVICES:
            raise typer.BadParameter(f"{name!r} is no service; there are {', '.join(SERVICES)}")
    return names or list(SERVICES)


def _scopes(wanted: list[str] | None) -> list[str]:
    """Return the scopes of a token: all when none is named. `events:read:<type>` is one per event type."""
    for scope in wanted or ():
        if scope not in ALL_SCOPES and not scope.startswith("events:read:"):
            raise typer.BadParameter(f"{scope!r} is no scope; there are {', '.join(ALL_SCOPES)}, events:read:<type>")
    return wanted or list(ALL_SCOPES)


def _subject(name: str) -> str:
    """Return a subject that the services take."""
    if not 0 < len(name) <= LONGEST_SUBJECT or not name.isprintable():
        raise typer.BadParameter(f"a subject is 1 to {LONGEST_SUBJECT} printable characters, not {name!r}")
    return name


def _roles(wanted: list[str]) -> list[str]:
    for role in wanted:
        if role not in ALL_ROLES:
            raise typer.BadParameter(f"{role!r} is no role; there are {', '.join(ALL_ROLES)}")
    return wanted


def _units(wanted: list[str]) -> list[str]:
    for unit in wanted:
        if unit != "*" and SLUG.fullmatch(unit) is None:
            raise typer.BadParameter(f"{unit!r} is no unit, such as 'dru'")
    return wanted


def _slug(note: str) -> str:
    if SLUG.fullmatch(note) is None:
        raise typer.BadParameter(f"{note!r} is no slug of a note, such as 'sport'")
    return note


def _stream(name: str) -> str:
    """Return the name of a stream as it stands in an address."""
    if STREAM.fullmatch(name) is None:
        raise typer.BadParameter(f"{name!r} is no stream, such as 'commitment/0193...'")
    return quote(name)


def run() -> None:
    """Run the command; every error we know is one line and an exit code."""
    logging.captureWarnings(capture=True)
    try:
        require_output()
        app()
    except (OSError, UnicodeError) as error:
        _say(str(error) or type(error).__name__)
        raise SystemExit(MISUSED) from error
    except Misconfigured as error:
        _say(str(error))
        raise SystemExit(MISUSED) from error
    except (RemoteUnreachable, ServerAway) as error:
        _say(str(error))
        raise SystemExit(UNREACHABLE) from error
    except RegestaError as error:
        _say(str(error))
        _refused(error)
        raise SystemExit(REFUSED) from error


def _refused(error: RegestaError) -> None:
    """Print the problem document of a refusal, a service's or our own; where JSON was asked for, as the output."""
    from regesta.problem import problem_of

    problem = error.problem if isinstance(error, RemoteRefused) else problem_of(error)
    if "--json" in sys.argv:
        write(json.dumps(problem, default=str, ensure_ascii=False, indent=2).encode() + b"\n")
    else:
        errors.print_json(json.dumps(problem, default=str))


def _say(error: str) -> None:
    errors.print(f"[red]{escape(error)}[/]", highlight=False)
