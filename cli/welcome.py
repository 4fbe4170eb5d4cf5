"""What the demo says when it can serve: where to look, and three requests to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from regesta.runtime import Service

NOTE, YEAR = "developpement-territorial-et-renovation-urbaine", 2024
# Of the sample's story: the subsidy of the first municipality, and what was committed for it.
DOSSIER = "a227c0e3-4de7-5f8e-be5c-f90c9e96451c"
COMMITMENT = "5ed47e74-da7d-5c3c-8830-4ff673057a23"
CONVENTION = "0193a0de-0000-7000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Try:
    """One request to copy. mark: a reference that it brings into the letter."""

    what: str
    path: str
    body: str
    mark: str


TRIES = (
    Try(
        "an approval",
        f"/objectives/v1/dossiers/{DOSSIER}/approvals/government/amendment/granted",
        '{"reference": "DEMO-APPROVAL", "occurred": "2024-06-20"}',
        "DEMO-APPROVAL",
    ),
    Try(
        "a convention",
        f"/budget/v1/conventions/{CONVENTION}",
        f'{{"dossier": "{DOSSIER}", "amount_cents": 450000000, "reference": "DEMO-CONVENTION", "occurred": "2024-07-01"}}',
        "DEMO-CONVENTION",
    ),
    Try(
        "a payment",
        f"/budget/v1/commitments/{COMMITMENT}/payments/DEMO-PAYMENT",
        '{"year": 2024, "amount_cents": 25000000, "part": "interim", "paid_on": "2024-07-15"}',
        "DEMO-PAYMENT",
    ),
)


def letter_path(note: str = NOTE, year: int = YEAR) -> str:
    """Return where a letter is served."""
    return f"/reporting/v1/letters/{note}/{year}"


def curl(one: Try) -> str:
    """Return the shell line that records and then shows it in the letter; it uses $REGESTA_URL and $REGESTA_TOKEN."""
    bearer = '-H "Authorization: Bearer $REGESTA_TOKEN"'
    put = f"curl -sS -X PUT {bearer} -H 'Content-Type: application/json' -d '{one.body}' \"$REGESTA_URL{one.path}\""
    get = f'curl -sS {bearer} -H "Accept: application/json" "$REGESTA_URL{letter_path()}"'
    return f"{put}; sleep 1; {get} | grep -o {one.mark} | head -1"


def show(url: str, token: str, services: Sequence[Service], console: Console, *, sample: bool) -> None:
    """Print the addresses, the token and the lines to copy, unwrapped so that they can be."""
    addresses = {"letter": url + letter_path()} if sample else {}
    addresses |= {"overview": f"{url}/reporting/v1/"}
    addresses |= {f"{service.name}, OpenAPI": f"{url}{service.prefix}/docs" for service in services}
    plain(console, "Regesta serves", "", *(f"  {what:<20} {address}" for what, address in addresses.items()))
    plain(console, "", "Sign in on the pages with this token, and give it to the command line:", "")
    plain(console, f"export REGESTA_URL={url}", f"export REGESTA_TOKEN={token}")
    for one in TRIES if sample else ():
        plain(console, "", f"# record {one.what} and see it in the letter", curl(one))
    plain(console, "", "Ctrl-C stops; everything recorded is kept.")


def plain(console: Console, *lines: str) -> None:
    """Print lines as they are: a terminal folds what is too long for it, and copies it whole."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
