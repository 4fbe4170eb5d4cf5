import json
from collections import Counter
from io import StringIO
from typing import Final

import pytest
from rich.console import Console

from cli.importing.plan import Item, ServiceName
from cli.importing.report import Report, refused

ITEMS: Final = (
    Item("/policy_note", "policy_note"),
    Item("/objectives/10", "action"),
    Item("/objectives/2", "strategic", "refused", "its parent is closed"),
    Item("/objectives/2/budget_lines/0", "budget_line", "repaired", "'a' was repaired to 'b'"),
    Item("/objectives/10/fte", "staff", "as_printed", "too many decimals"),
)

RECORDED: Final[dict[ServiceName, int]] = {"objectives": 3, "budget": 1, "kpi": 0}
NOTHING: Final[dict[ServiceName, int]] = {"objectives": 0, "budget": 0, "kpi": 0}


def report(*items: Item) -> Report:
    held = Counter(item.kind for item in ITEMS)
    return Report("sport", "unstated-sport", "sport.json", held, items, RECORDED, NOTHING)


def test_counts_add_up_to_what_the_file_holds() -> None:
    found = report(*ITEMS)
    assert sum(found.totals().values()) == len(ITEMS)
    assert {kind: sum(outcomes.values()) for kind, outcomes in found.counts().items()} == found.held


@pytest.mark.parametrize("items", [ITEMS[1:], (*ITEMS, Item("/objectives/3", "action"))])
def test_a_report_that_lost_or_doubled_a_piece_is_not_made(items: tuple[Item, ...]) -> None:
    with pytest.raises(AssertionError, match="the file holds"):
        report(*items)


def test_the_json_names_what_is_not_as_is_in_the_order_of_the_file() -> None:
    document = json.loads(json.dumps(report(*ITEMS).as_json()))
    assert [item["pointer"] for item in document["items"]] == [
        "/objectives/2",
        "/objectives/2/budget_lines/0",
        "/objectives/10/fte",
    ]
    assert document["counts"]["action"] == {"as_is": 1, "repaired": 0, "as_printed": 0, "refused": 0}
    assert (document["note"], document["total"], document["recorded"]["objectives"]) == ("sport", 5, 3)


def test_the_table_counts_everything_and_says_why_something_was_refused() -> None:
    console = Console(width=100, file=StringIO())
    with console.capture() as shown:
        console.print(report(*ITEMS).rich())
    text = shown.get()
    assert "/objectives/2: its parent is closed" in text
    assert "3 in objectives, 1 in budget, 0 in kpi" in text


def test_what_is_as_is_with_a_remark_is_told() -> None:
    remark = Item("/objectives/10", "action", reason="it stands in the letter of 2022")
    found = report(*(remark if item.pointer == remark.pointer else item for item in ITEMS))
    assert remark in found.remarkable()
    console = Console(width=100, file=StringIO())
    with console.capture() as shown:
        console.print(found.rich())
    assert "/objectives/10: it stands in the letter of 2022" in shown.get()


def test_a_refusal_of_a_service_counts_whatever_the_mapping_said() -> None:
    assert refused(ITEMS, {"/objectives/10": "the code is taken"})[1] == Item(
        "/objectives/10", "action", "refused", "the code is taken"
    )
