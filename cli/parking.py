"""`regesta park`: streams that stand still in a read model, since an event of theirs could not be folded."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console

from cli import views
from cli.options import DEFAULT_URL, AsJson, Service, Token, Url
from cli.remote import Answer, Remote

park_app = typer.Typer(no_args_is_help=True, help="Streams that stand still, since an event could not be folded.")
console = Console()

# Of 500 rows each; what is printed beyond would be read by nobody.
MOST_PAGES = 4

ReadModel = Annotated[str, typer.Argument(help="The read model in which it stands still.")]
Stream = Annotated[str, typer.Argument(help="Such as commitment/0193...")]


@park_app.command("list", epilog="Example: regesta park list budget")
def list_parked(service: Service, as_json: AsJson = False, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """List the streams that stand still, and the events that are left out: the first 2000 of each.

    When there are more, it says so; with --json `more` names the list.
    """
    views.show(listed(Remote(url, token), service), as_json, views.parked, console)


@park_app.command(epilog="Example: regesta park show budget commitments commitment/0193...")
def show(
    service: Service,
    projection: ReadModel,
    stream: Stream,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Show where a stream stands still, and how many events wait."""
    views.show(Remote(url, token).read(_path(service, projection, stream)), as_json, views.parked_stream, console)


@park_app.command(epilog="Example: regesta park retry budget commitments commitment/0193...")
def retry(
    service: Service,
    projection: ReadModel,
    stream: Stream,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Fold what waits, in order, as far as it goes.

    Exit code 1 when the stream stands still again.
    """
    answer = Remote(url, token).ask("POST", f"{_path(service, projection, stream)}/retry")
    _show_retried(answer.json(), as_json)


@park_app.command(
    epilog="Example: regesta park drop budget commitments commitment/0193... --reason 'Entered twice' --yes"
)
def drop(
    service: Service,
    projection: ReadModel,
    stream: Stream,
    reason: Annotated[str, typer.Option(help="Kept with the event that is left out.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Leave out the event at which a stream stands still, and go on.

    It stays in the log; the read model leaves it out as long as it cannot fold it.
    """
    remote, path = Remote(url, token), _path(service, projection, stream)
    if not yes:
        event = remote.read(path)["event"]
        typer.confirm(f"Leave {event} out of {projection}?", abort=True, err=True)
    _show_retried(remote.ask("POST", f"{path}/drop", body={"reason": reason}).json(), as_json)


def listed(remote: Remote, service: str) -> Answer:
    """Return what is parked and what was dropped; `more` names the list of which there is more."""
    found: dict[str, Answer] = {"more": []}
    for name in ("parked", "dropped"):
        found[name], more = remote.read_list(f"/{service}/v1/projections/{name}", MOST_PAGES)
        found["more"] += [name] if more else []
    return found


def _show_retried(found: Answer, as_json: bool) -> None:
    views.show(found, as_json, views.retried, console)
    if found["parked"]:
        raise typer.Exit(1)


def _path(service: str, projection: str, stream: str) -> str:
    return f"/{service}/v1/projections/{quote(projection, safe='')}/parked/{quote(stream, safe='')}"
