import pytest

from contracts.allocation import AllocationCode, UnreadableCode
from contracts.letters import normal


@pytest.mark.parametrize("text", ["80¹", "CO₂", "①", "½", "㎡", "⒈"])
def test_marks_do_not_become_digits(text: str) -> None:
    assert normal(text) == text


def test_wide_digits_and_letters_take_one_form() -> None:
    assert normal("\uff11\uff12 n\u00ba ﬁn 3¹") == "12 no fin 3¹"


@pytest.mark.parametrize(
    "printed", ["33.001.07.1¹.1111", "33.001.07.01.111¹", "33.001.07.01.1111²", "33.001.07.0₁.1111"]
)
def test_a_footnote_mark_is_no_digit_of_an_allocation(printed: str) -> None:
    with pytest.raises(UnreadableCode, match="is no group of digits"):
        AllocationCode.parse(printed)
