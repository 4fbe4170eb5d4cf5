from __future__ import annotations

import pytest

from regesta.errors import NotFound
from services.reporting.web.leaf import KINDS, Leaf

ID = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf("letter"),
        Leaf("overview"),
        Leaf("letter", number=3),
        *(Leaf(kind, ID) for kind in KINDS),
        *(Leaf(kind, ID, 12) for kind in KINDS),
    ],
)
def test_a_leaf_is_found_by_its_name(leaf: Leaf) -> None:
    assert Leaf.of(leaf.name) == leaf


@pytest.mark.parametrize("name", ["", "letters", f"section-{ID}", ID, "letter.0", "overview.01"])
def test_a_letter_has_no_other_leaves(name: str) -> None:
    with pytest.raises(NotFound, match="a letter has no page"):
        Leaf.of(name)
