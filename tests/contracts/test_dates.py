import re
import time
from datetime import date, timedelta
from typing import Final

import edtf
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.dates import PATTERN, BoundedDate, BoundedDay, BoundedPeriod, Day, ImpreciseDate, Period
from contracts.types import LANGUAGES

PARTS: Final = [*range(21, 25), *range(33, 42)]
DAYS: Final = st.dates(date(1000, 1, 1), date(2999, 12, 31))
YEARS: Final = st.integers(1000, 2999)
DATED: Final = st.one_of(
    YEARS.map(str),
    DAYS.map(lambda day: day.isoformat()),
    DAYS.map(lambda day: day.isoformat()[:7]),
    st.tuples(YEARS, st.sampled_from(PARTS)).map(lambda pair: f"{pair[0]}-{pair[1]}"),
)
UNDATED: Final = st.dates(date(2000, 1, 1), date(2000, 12, 31)).flatmap(
    lambda day: st.sampled_from([f"XXXX-{day:%m}", f"XXXX-{day:%m-%d}"])
)
POINTS: Final = st.one_of(DATED, UNDATED)


class Fact(BaseModel):
    day: ImpreciseDate


@st.composite
def intervals(draw: st.DrawFn) -> str:
    start, end = (draw(st.one_of(POINTS, st.just(".."))) for _ in range(2))
    assume((start, end) != ("..", ".."))
    first = None if start == ".." else ImpreciseDate(start).earliest
    last = None if end == ".." else ImpreciseDate(end).latest
    assume(first is None or last is None or first <= last)
    return f"{start}/{end}"


DATES: Final = st.one_of(POINTS, intervals()).map(ImpreciseDate)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2023", "2023-01-01", "2023-12-31"),
        ("2023-06", "2023-06-01", "2023-06-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-06-15", "2023-06-15", "2023-06-15"),
        ("2024-21", "2024-03-01", "2024-05-31"),
        ("2024-22", "2024-06-01", "2024-08-31"),
        ("2024-23", "2024-09-01", "2024-11-30"),
        ("2023-24", "2023-12-01", "2024-02-29"),
        ("2023-33", "2023-01-01", "2023-03-31"),
        ("2023-34", "2023-04-01", "2023-06-30"),
        ("2023-35", "2023-07-01", "2023-09-30"),
        ("2023-36", "2023-10-01", "2023-12-31"),
        ("2023-37", "2023-01-01", "2023-04-30"),
        ("2023-38", "2023-05-01", "2023-08-31"),
        ("2023-39", "2023-09-01", "2023-12-31"),
        ("2023-40", "2023-01-01", "2023-06-30"),
        ("2023-41", "2023-07-01", "2023-12-31"),
        ("2022-39/2023-37", "2022-09-01", "2023-04-30"),
        ("2023-06/2023-07", "2023-06-01", "2023-07-31"),
        ("2023-06-15/2023-06-15", "2023-06-15", "2023-06-15"),
        ("2022-09-01/..", "2022-09-01", None),
        ("../2022", None, "2022-12-31"),
        ("XXXX-07", None, None),
        ("XXXX-02-29", None, None),
        ("XXXX-06/XXXX-07", None, None),
        ("XXXX-12/XXXX-02", None, None),
        ("2023-03/XXXX-07", "2023-03-01", None),
    ],
)
def test_a_date_covers_its_days(text: str, earliest: str | None, latest: str | None) -> None:
    kept = ImpreciseDate(text)
    assert kept.earliest == (earliest and date.fromisoformat(earliest))
    assert kept.latest == (latest and date.fromisoformat(latest))


@pytest.mark.parametrize(
    "bad",
    [
        *("2023-02-30", "2023-02-29", "2023-06-31", "2023-06-00", "XXXX-02-30", "2023-13", "2023-00", "2023-13-01"),
        *(
            "2023-33-01",
            "2023-20",
            "2023-25",
            "2023-42",
            "XXXX-33",
            "XXXX-24",
            "XXXX",
            "XXXX-XX",
            "202X",
            "0999",
            "3000",
        ),
        *(
            "2024/2023",
            "2023-07/2023-06",
            "2023-36/2023-33",
            "../..",
            "/2023",
            "2023/",
            "/",
            "2021/2022/2023",
            "../../2023",
        ),
        *(
            "",
            " ",
            "2023-6",
            "2023-06-1",
            "23",
            "2023-Q4",
            "--07",
            " 2023",
            "2023\n",
            "2023-06-15T00:00",
            "\uff12\uff10\uff12\uff13",
            "2023~",
        ),
    ],
)
def test_what_is_no_date_is_refused_with_the_text(bad: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(bad))):
        ImpreciseDate(bad)


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("2023", "2023"),
        ("2023-03-21", "2023-03-21"),
        ("2023-Q1", "2023-33"),
        ("2023-Q4", "2023-36"),
        ("2023-q4", "2023-36"),
        ("2023-H1", "2023-40"),
        ("2023-H2", "2023-41"),
        ("2024-spring", "2024-21"),
        ("2024-summer", "2024-22"),
        ("2024-autumn", "2024-23"),
        ("2024-winter", "2024-24"),
        ("2023-start", "2023-37"),
        ("2023-mid", "2023-38"),
        ("2023-end", "2023-39"),
        ("2022-end/2023-start", "2022-39/2023-37"),
        ("2023-09/2023-10", "2023-09/2023-10"),
        ("2022-09-01/..", "2022-09-01/.."),
        ("../2023-Q2", "../2023-34"),
        ("--07", "XXXX-07"),
        ("--07-20", "XXXX-07-20"),
        ("--06/--07", "XXXX-06/XXXX-07"),
        (" 2023-36 ", "2023-36"),
    ],
)
def test_a_printed_date_is_read(printed: str, kept: str) -> None:
    assert ImpreciseDate.from_printed(printed) == kept


@pytest.mark.parametrize(
    "bad", ["2023-Q5", "2023-Q0", "2023-H3", "2023-fall", "--13", "--02-30", "2023-end/2023-start", "soon", ""]
)
def test_a_printed_text_that_is_no_date_is_refused_as_printed(bad: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(bad))):
        ImpreciseDate.from_printed(bad)


@pytest.mark.parametrize(
    ("text", "day", "certainty"),
    [
        ("2023-06-15", "2023-06-14", "no"),
        ("2023-06-15", "2023-06-15", "certain"),
        ("2023-06", "2023-05-31", "no"),
        ("2023-06", "2023-06-01", "possible"),
        ("2023-06", "2023-06-29", "possible"),
        ("2023-06", "2023-06-30", "certain"),
        ("2022-09-01/..", "2022-08-31", "no"),
        ("2022-09-01/..", "2022-09-01", "possible"),
        ("2022-09-01/..", "2999-12-31", "possible"),
        ("../2022", "1000-01-01", "possible"),
        ("../2022", "2022-12-30", "possible"),
        ("../2022", "2022-12-31", "certain"),
        ("XXXX-07", "1000-01-01", "possible"),
        ("XXXX-07", "2999-12-31", "possible"),
    ],
)
def test_by_a_day_is_certain_possible_or_no(text: str, day: str, certainty: str) -> None:
    assert ImpreciseDate(text).by(date.fromisoformat(day)) == certainty


@given(DATES, DAYS)
def test_certainty_never_falls_as_days_pass(kept: ImpreciseDate, day: date) -> None:
    order = ["no", "possible", "certain"]
    assert order.index(kept.by(day)) <= order.index(kept.by(day + timedelta(days=1)))
    assert (kept.by(day) == "certain") == (kept.latest is not None and kept.latest <= day)


@given(DATES)
def test_a_date_survives_json_as_its_text(kept: ImpreciseDate) -> None:
    fact = Fact(day=kept)
    assert fact.model_dump_json() == f'{{"day":"{kept}"}}'
    again = Fact.model_validate_json(fact.model_dump_json()).day
    assert again == kept
    assert type(again) is ImpreciseDate


@given(DATES)
def test_the_published_pattern_holds_every_date(kept: ImpreciseDate) -> None:
    assert re.search(PATTERN, kept)


@given(st.from_regex(PATTERN, fullmatch=True))
def test_only_leap_days_and_backward_intervals_pass_the_pattern_alone(text: str) -> None:
    try:
        ImpreciseDate(text)
    except ValueError as error:
        assert "ends before it starts" in str(error) or "02-29" in text  # noqa: PT017 only some texts are refused


@given(st.text(alphabet="0123456789-/.X", max_size=14))
def test_any_text_is_a_date_or_refused_by_a_value_error(text: str) -> None:
    try:
        kept = ImpreciseDate(text)
    except ValueError:
        return
    assert kept.earliest is None or kept.latest is None or kept.earliest <= kept.latest


@given(DATES)
def test_the_edtf_library_reads_what_is_kept(kept: ImpreciseDate) -> None:
    assume(
        not any(f"-{part}" in kept for part in range(33, 42)) or "/" not in kept
    )  # it reads no quarters in intervals
    assume(".." not in kept or "XXXX" not in kept)  # nor an unstated year with an open end
    read = edtf.parse_edtf(kept)
    if kept.earliest is not None:
        assert read.lower_strict()[:3] == kept.earliest.timetuple()[:3]
    # Its winter ends with December, "for simplicity".
    if kept.latest is not None and not kept.endswith("-24"):
        assert read.upper_strict()[:3] == kept.latest.timetuple()[:3]
    if ".." in kept:
        assert not isinstance(read.lower_strict(), time.struct_time) or not isinstance(
            read.upper_strict(), time.struct_time
        )


@pytest.mark.parametrize(
    ("text", "fr", "nl", "en"),
    [
        ("2023", "2023", "2023", "2023"),
        ("2023-06", "juin 2023", "juni 2023", "June 2023"),
        ("2023-03-06", "6 mars 2023", "6 maart 2023", "6 March 2023"),
        ("2023-03-01", "1er mars 2023", "1 maart 2023", "1 March 2023"),
        ("2024-21", "printemps 2024", "lente 2024", "spring 2024"),
        ("2023-36", "4e trimestre 2023", "4e kwartaal 2023", "4th quarter of 2023"),
        ("2023-40", "1er semestre 2023", "1e semester 2023", "1st half of 2023"),
        ("2023-37", "début 2023", "begin 2023", "start of 2023"),
        ("2023-38", "mi-2023", "midden 2023", "mid-2023"),
        ("2023-39", "fin 2023", "eind 2023", "end of 2023"),
        ("XXXX-07", "juillet", "juli", "July"),
        ("XXXX-07-20", "20 juillet", "20 juli", "20 July"),
        ("2023-06/2023-07", "juin à juillet 2023", "juni tot en met juli 2023", "June to July 2023"),
        (
            "2022-12/2023-01",
            "décembre 2022 à janvier 2023",
            "december 2022 tot en met januari 2023",
            "December 2022 to January 2023",
        ),
        ("2023-06-06/2023-06-10", "6 au 10 juin 2023", "6 tot en met 10 juni 2023", "6 to 10 June 2023"),
        (
            "2023-06-28/2023-07-01",
            "28 juin au 1er juillet 2023",
            "28 juni tot en met 1 juli 2023",
            "28 June to 1 July 2023",
        ),
        ("2023-06/2023-06-10", "juin au 10 juin 2023", "juni tot en met 10 juni 2023", "June to 10 June 2023"),
        ("2021/2023", "2021 à 2023", "2021 tot en met 2023", "2021 to 2023"),
        ("2022-39/2023-37", "fin 2022 à début 2023", "eind 2022 tot en met begin 2023", "end of 2022 to start of 2023"),
        (
            "2024-21/2024-22",
            "printemps 2024 à l’été 2024",
            "lente 2024 tot en met zomer 2024",
            "spring 2024 to summer 2024",
        ),
        (
            "2024-22/2024-36",
            "été 2024 au 4e trimestre 2024",
            "zomer 2024 tot en met 4e kwartaal 2024",
            "summer 2024 to 4th quarter of 2024",
        ),
        ("XXXX-06/XXXX-07", "juin à juillet", "juni tot en met juli", "June to July"),
        (
            "2023-11/2023-12",
            "novembre à décembre 2023",
            "november tot en met december 2023",
            "November to December 2023",
        ),
        (
            "2023-33/2023-41",
            "1er trimestre 2023 au 2e semestre 2023",
            "1e kwartaal 2023 tot en met 2e semester 2023",
            "1st quarter of 2023 to 2nd half of 2023",
        ),
        ("2023-12/..", "à partir de décembre 2023", "vanaf december 2023", "from December 2023"),
        ("2024-24/..", "à partir de l’hiver 2024", "vanaf winter 2024", "from winter 2024"),
        ("2024-34/..", "à partir du 2e trimestre 2024", "vanaf 2e kwartaal 2024", "from 2nd quarter of 2024"),
        ("2024-35/..", "à partir du 3e trimestre 2024", "vanaf 3e kwartaal 2024", "from 3rd quarter of 2024"),
        ("../2024-40", "jusqu’au 1er semestre 2024", "tot en met 1e semester 2024", "until 1st half of 2024"),
        ("../2024-21", "jusqu’au printemps 2024", "tot en met lente 2024", "until spring 2024"),
        ("../2023-12", "jusqu’en décembre 2023", "tot en met december 2023", "until December 2023"),
        ("2022-09-01/..", "à partir du 1er septembre 2022", "vanaf 1 september 2022", "from 1 September 2022"),
        ("2023-04/..", "à partir d’avril 2023", "vanaf april 2023", "from April 2023"),
        ("2023-02/..", "à partir de février 2023", "vanaf februari 2023", "from February 2023"),
        ("2024-23/..", "à partir de l’automne 2024", "vanaf herfst 2024", "from autumn 2024"),
        ("../2023", "jusqu’en 2023", "tot en met 2023", "until 2023"),
        ("../2024-06", "jusqu’en juin 2024", "tot en met juni 2024", "until June 2024"),
        ("../2023-06-10", "jusqu’au 10 juin 2023", "tot en met 10 juni 2023", "until 10 June 2023"),
        ("../2022-39", "jusqu’à fin 2022", "tot en met eind 2022", "until end of 2022"),
        ("../2024-22", "jusqu’à l’été 2024", "tot en met zomer 2024", "until summer 2024"),
    ],
)
def test_a_date_is_worded_as_precisely_as_it_is_known(text: str, fr: str, nl: str, en: str) -> None:
    assert tuple(ImpreciseDate(text).wording(language) for language in LANGUAGES) == (fr, nl, en)


@given(DATES)
def test_the_words_name_every_year_and_no_other(kept: ImpreciseDate) -> None:
    years = set(re.findall(r"[12][0-9]{3}", kept))
    for language in LANGUAGES:
        assert set(re.findall(r"[0-9]{4}", kept.wording(language))) == years


@pytest.mark.parametrize(
    "bad", ["0", "1672531200", "true", '"2023-1-5"', '"2023-02-30"', '"2023-01-05T00:00:00"', '"20230105"']
)
def test_a_day_is_an_iso_date_and_nothing_near(bad: str) -> None:
    assert TypeAdapter(Day).validate_json('"2023-01-05"') == date(2023, 1, 5)
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_json(bad)


def test_a_period_ends_on_or_after_its_start() -> None:
    day = date(2023, 1, 5)
    assert Period(starts_on=day, ends_on=day).ends_on == day
    with pytest.raises(ValidationError, match="2023-01-04, before it starts on 2023-01-05"):
        Period(starts_on=day, ends_on=day - timedelta(days=1))


@pytest.mark.parametrize(
    ("adapter", "good", "bad"),
    [
        (
            TypeAdapter(BoundedDay),
            ["1900-01-01", "2199-12-31"],
            ["1899-12-31", "2200-01-01", "0001-01-01", "9999-12-31"],
        ),
        (
            TypeAdapter(BoundedDate),
            ["1900", "2199-12", "XXXX-07", "../2024", "2024/.."],
            ["1899", "1899/2024", "2199/2200", "2999-36"],
        ),
        (
            TypeAdapter(BoundedPeriod),
            [{"starts_on": "1900-01-01", "ends_on": "2199-12-31"}],
            [
                {"starts_on": "1899-01-01", "ends_on": "2024-12-31"},
                {"starts_on": "2024-01-01", "ends_on": "2200-01-01"},
            ],
        ),
    ],
)
def test_a_command_takes_dates_of_the_years_of_budgets(
    adapter: TypeAdapter[object], good: list[object], bad: list[object]
) -> None:
    for each in good:
        adapter.validate_python(each)
    for each in bad:
        with pytest.raises(ValidationError, match="is not in the years 1900 to 2199"):
            adapter.validate_python(each)
