"""Files of facts of any size and shape, as hypothesis strategies."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from pydantic import JsonValue

TEXTS: Final[st.SearchStrategy[JsonValue]] = st.one_of(
    st.none(),
    st.sampled_from(
        ["", " ", "Néant", "voir A", "en cours", "95 %", "> 60 jours", "≤ 60 jours", "< 1", "fin 2024", "Arrêté", "/"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
)
WORDS: Final = st.one_of(
    st.sampled_from(["Programme approved", "To be approved (planned)", "Target: 5", "x" * 10_001]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).filter(str.strip),
)
PRINTED_DATES: Final = (
    "2023", "2023-03", "2023-03-21", "2023-Q4", "2023-H1", "2024-summer", "2023-start", "2023-mid", "2023-end", "2022-end/2023-start", "2022-09-01/..", "../2023", "--07", "--07-20", "2023-02-30", "2023-13", "soon", "31/12//2023",
)  # fmt: skip
DATES: Final = st.one_of(st.none(), st.sampled_from(PRINTED_DATES))
CODES: Final = st.sampled_from(
    ["33.001.0701.1111", "33 001 07 01 1111", "33.001.07.01.1111", "02.004.27.3.4340", "01.002.08.08", "Néant", "AB n° 01 001 07 01 3811"]
)  # fmt: skip
AMOUNTS: Final[st.SearchStrategy[JsonValue]] = st.one_of(
    st.none(),
    st.integers(-5, 10**18),
    st.floats(-(10**6), 10**6, allow_nan=False),
    st.sampled_from([2141302.02, 0.1 + 0.2]),
)
LINES: Final = st.one_of(st.none(), st.integers(1, 9999))
TITLES: Final[st.SearchStrategy[JsonValue]] = st.one_of(st.none(), st.fixed_dictionaries({"fr": TEXTS, "nl": TEXTS}))

BUDGET_LINES: Final[st.SearchStrategy[JsonValue]] = st.fixed_dictionaries(
    {
        "allocation": CODES,
        "label": TITLES,
        "category": st.sampled_from(["personnel", "fonctionnement", "patrimonial", "autres", None]),
        "commitment_eur": AMOUNTS,
        "liquidation_eur": AMOUNTS,
        "amount_eur_unspecified": AMOUNTS,
        "basis": st.sampled_from(["estimated", "realised", None]),
        "source_line": LINES,
    }
)
INDICATORS: Final[st.SearchStrategy[JsonValue]] = st.fixed_dictionaries(
    {"name": TITLES, "red": TEXTS, "amber": TEXTS, "green": TEXTS, "units": TEXTS, "value": TEXTS, "source_line": LINES}
)
AMOUNTS_IN_TEXT: Final[st.SearchStrategy[JsonValue]] = st.fixed_dictionaries(
    {"eur": AMOUNTS, "what": WORDS, "source_line": LINES}
)
DATED_FACTS: Final[st.SearchStrategy[JsonValue]] = st.fixed_dictionaries(
    {
        "date": DATES,
        "type": st.sampled_from(["approval", "deadline", "target", "contract", "study", "seance", "other"]),
        "what": WORDS,
        "actor": TEXTS,
        "source_line": LINES,
    }
)
LEVELS: Final = ("strategic", "operational", "year-section", "action")


def _above(parent: str, level: str) -> bool:
    return LEVELS.index(parent) < LEVELS.index(level) or parent == level == "action"


@st.composite
def nodes(draw: st.DrawFn, index: int, above: list[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    """Draw a node whose parent, if any, is one of those drawn before and stands above it."""
    level = draw(st.sampled_from(LEVELS))
    parents = [each["code"] for each in above if _above(str(each["level"]), level)]
    if level == "year-section" and not parents:
        level = "strategic"
    parent = draw(st.sampled_from(parents)) if parents and level != "strategic" else None
    return {
        "code": f"{draw(st.sampled_from('ABC'))}.{index}",
        "level": level,
        "parent": parent,
        "title": draw(TITLES),
        "year": draw(st.sampled_from([None, 2023, 2024])),
        "kind": draw(st.sampled_from([None, "realised", "planned"])),
        "status_as_printed": draw(TEXTS),
        "deadline_as_printed": draw(TEXTS),
        "fte": draw(AMOUNTS),
        "equal_opportunity_as_printed": draw(TEXTS),
        "budget_lines": draw(st.lists(BUDGET_LINES, max_size=3)),
        "indicators": draw(st.lists(INDICATORS, max_size=2)),
        "amounts_in_text": draw(st.lists(AMOUNTS_IN_TEXT, max_size=2)),
        "dated_facts": draw(st.lists(DATED_FACTS, max_size=3)),
    }


@st.composite
def files(draw: st.DrawFn) -> dict[str, JsonValue]:
    """Draw a file that keeps to its shape: any tree, any text, any amount."""
    drawn: list[dict[str, JsonValue]] = []
    for index in range(draw(st.integers(0, 8))):
        drawn.append(draw(nodes(index, drawn)))
    return {
        "about": draw(TEXTS),
        "policy_note": {
            "reference": draw(st.sampled_from([None, "A-1/2"])),
            "title": {"fr": draw(st.sampled_from(["Sport", None])), "nl": "Sport"},
            "realised_year": draw(st.sampled_from([None, 2023])),
            "planned_year": draw(st.sampled_from([None, 2024])),
            "legislature": None,
        },
        "objectives": [*draw(st.permutations(drawn))],
    }
