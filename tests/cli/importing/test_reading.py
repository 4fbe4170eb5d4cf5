from typing import Final

import pytest

from cli.importing.reading import reading_of
from contracts.dates import ImpreciseDate
from contracts.objectives import Reading
from contracts.types import SectionKind

PAST: Final = ImpreciseDate("2023-06")


@pytest.mark.parametrize(
    ("what", "reading"),
    [
        ("Programme approved", "done"),
        ("Programmes of the first series were validated as planned", "done"),
        ("Programme to be approved (planned)", "planned"),
        ("new call (planned, means permitting)", "planned"),
        ("appel lancé (prévu)", "planned"),
        ("oproep gelanceerd (gepland)", "planned"),
        ("Programme to be approved", "planned"),
        ("Report expected", "planned"),
        ("The decree will go to parliament", "planned"),
        ("Projets à sélectionner", "planned"),
        ("Le programme sera approuvé", "planned"),
        ("Approbation prévue en fin d’année", "planned"),
        ("Het programma zal worden goedgekeurd", "planned"),
        ("Projecten te selecteren", "planned"),
        ("Target: 95 % liquidated", "target"),
        ("Objectif : 95 % liquidés", "target"),
        ("doelstelling: 95 % vereffend", "target"),
        ("at least 90 % paid", "target"),
        ("approval (foreseen, not met)", "unmet"),
        ("délai non respecté", "unmet"),
        ("termijn niet gehaald", "unmet"),
        ("The programmes are being finalised", "unclear"),
        ("decision may follow", "unclear"),
        ("analysis discussed, not pursued", "unclear"),
        ("étude en cours", "unclear"),
        ("éventuelle révision", "unclear"),
        ("studie in uitvoering", "unclear"),
        ("mogelijke herziening, eventueel", "unclear"),
        ("Call launched in May", "done"),
    ],
)
def test_the_wording_decides_first(what: str, reading: Reading) -> None:
    assert reading_of(what, "other", PAST, "realised", 2023) == reading


@pytest.mark.parametrize("kind", ["approval", "call_launched", "submission", "other"])
@pytest.mark.parametrize(
    "what",
    [
        "Government to approve the programmes",
        "Target 95 % of credits",
        "Approval failed",
        "Programmes for approval by end 2023",
        "Plans to launch call",
        "Anticipated launch of the call",
        "Projected launch of the call",
        "Forecast of what is paid",
        "Aim: 95 %",
        "Deadline for submission",
        "Programmes unapproved",
        "Started without approval",
        "Programme awaits approval",
        "Failed to reach 95 %",
        "Payments fell short",
        "Deadline exceeded",
        "Approved projects to receive grants",
        "Programme hasn’t been approved",
        "Call yet to open",
        "Programme was never approved",
        "Approval postponed",
        "Draft decree submitted for signature",
        "Avant fin 2023, dépôt",
        "Objectif 2023 : 15",
        "Date limite de dépôt",
        "Délai dépassé",
        "Objectif manqué",
        "on prévoit une approbation",
        "lancement escompté",
        "les travaux débuteront",
        "le décret entrera en vigueur",
        "l’approbation interviendra fin 2023",
        "pour approbation",
        "en vue d’une approbation",
        "n’a pas été approuvé",
        "sans approbation",
        "l’appel devrait être lancé",
        "serait approuvé",
        "approbation reportée",
        "échec de l’approbation",
        "verwachte start van de werken",
        "geplande start",
        "voorziene start",
        "streefcijfer 95 %",
        "goedkeuring mislukt",
        "ter goedkeuring voorgelegd",
        "tegen eind 2023 goedgekeurd",
        "zonder goedkeuring",
        "nog niet goedgekeurd",
        "wacht op goedkeuring",
        "deadline overschreden",
        "start werd uitgesteld",
        "komende oproep",
    ],
)
def test_what_is_due_doubtful_or_failed_is_never_done(what: str, kind: str) -> None:
    assert reading_of(what, kind, PAST, "realised", 2023) != "done"


@pytest.mark.parametrize(
    "what",
    [
        "Programmes got approved",
        "Municipalities were invited to submit",
        "Guide to European rules was written",
        "Advances to beneficiaries were paid",
        "Three projects chosen",
        "Programme approuvé par le Gouvernement",
        "Les conventions ont été signées",
        "Le Gouvernement a choisi trois projets",
        "Programma goedgekeurd",
        "De oproep werd gelanceerd",
        "Overeenkomsten ondertekend",
    ],
)
def test_what_says_that_it_happened_is_done(what: str) -> None:
    assert reading_of(what, "other", PAST, "realised", 2023) == "done"
    assert reading_of(what, "other", PAST, None, 2023) == "done"


@pytest.mark.parametrize(
    ("kind", "section", "reading"),
    [("call_closed", "realised", "done"), ("call_closed", None, "unclear"), ("other", "realised", "unclear")],
)
def test_a_record_without_a_verb_is_done_only_in_the_account(
    kind: str, section: SectionKind | None, reading: Reading
) -> None:
    assert reading_of("Closing of the calls", kind, PAST, section, 2023) == reading


def test_a_refusal_is_done_only_as_one() -> None:
    assert reading_of("Application refused", "refusal", PAST, "realised", 2023) == "done"
    assert reading_of("Application refused", "approval", PAST, "realised", 2023) == "unclear"


@pytest.mark.parametrize(
    ("day", "section", "year", "reading"),
    [
        ("2023", "realised", 2023, "done"),
        ("2023", None, 2023, "done"),
        ("2010/2023-12", "realised", 2023, "done"),
        ("2023", "planned", 2023, "unclear"),
        ("2019", "planned", 2023, "unclear"),
        ("2024", "realised", 2023, "unclear"),
        ("2023-12/2024-01", "realised", 2023, "unclear"),
        ("2023-24", "realised", 2023, "unclear"),
        ("2022-09-01/..", "realised", 2023, "unclear"),
        ("XXXX-07", "realised", 2023, "unclear"),
        (None, "realised", 2023, "unclear"),
        ("2023", "realised", None, "unclear"),
    ],
)
def test_without_a_word_it_is_done_only_in_the_time_of_the_account(
    day: str | None, section: SectionKind | None, year: int | None, reading: Reading
) -> None:
    date = None if day is None else ImpreciseDate(day)
    assert reading_of("Programme approved", "approval", date, section, year) == reading


@pytest.mark.parametrize(
    ("what", "kind", "reading"),
    [
        ("Deadline of the objective", "deadline", "target"),
        ("Outputs expected", "target", "target"),
        ("Municipalities submit by September (planned)", "deadline", "planned"),
        ("Deadline not met", "deadline", "unmet"),
    ],
)
def test_what_is_due_is_a_target(what: str, kind: str, reading: Reading) -> None:
    assert reading_of(what, kind, PAST, "realised", 2023) == reading
