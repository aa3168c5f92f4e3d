"""What a number and a birth date say that rules need, kept as fields once the number is a token.

A sender of ``population.changes`` may add ``birth_date``, ``mother_birth_date`` and ``father_birth_date``
(``YYYY-MM-DD``); they never leave the gateway. Facts that the sender states are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from producers.numbers import FEMALE_DAYS, date_possible, plain, region_known

if TYPE_CHECKING:
    from producers.persons import FieldProblem

#: Helper field to the age it becomes.
BIRTH_DATES = {
    "birth_date": "age_years",
    "mother_birth_date": "mother_age_years",
    "father_birth_date": "father_age_years",
}
_WIB = timedelta(hours=7)


def population(event: dict[str, Any], given: Iterable[tuple[str, str]]) -> Iterator[FieldProblem]:
    """Add the derived fields of one event in place and take the helpers out. ``given`` are (name, token field) pairs."""
    from producers.persons import FieldProblem

    born: date | None = None
    for name, age in BIRTH_DATES.items():
        value = event.pop(name, None)
        if value is None:
            continue
        try:
            day = date.fromisoformat(value)
        except (ValueError, TypeError):
            yield FieldProblem(
                f"/{name}", "date-wrong", f"{name} bukan tanggal. Tulis YYYY-MM-DD, misalnya 1990-08-17."
            )
            continue
        born = day if name == "birth_date" else born
        at = event.get("occurred_at")
        if isinstance(at, int):
            event.setdefault(age, _years(day, at))
    for name, field in given:
        if field == "person_token" and isinstance(event[name], str):
            digits = plain(event[name].strip())
            if len(digits) == 16 and digits.isascii() and digits.isdigit():
                for fact, value in of_nik(digits, born, event.get("sex")).items():
                    event.setdefault(fact, value)


def of_nik(digits: str, born: date | None, sex: str | None) -> dict[str, Any]:
    """The facts of ``population.changes`` about sixteen digits.

    A region that the list does not have may be younger than the list, so ``nik_region_known`` is true or absent.
    """
    possible = date_possible(digits[6:12])
    facts: dict[str, Any] = {
        "nik_well_formed": possible and digits[12:] != "0000",
        "nik_region": digits[:6],
    }
    if region_known(digits[:4]):
        facts["nik_region_known"] = True
    if possible:
        day = int(digits[6:8])
        if born is not None:
            wanted = f"{born.day:02d}{born:%m%y}"
            facts["nik_date_matches"] = f"{day % FEMALE_DAYS:02d}{digits[8:12]}" == wanted
        if sex in ("L", "P"):
            facts["nik_sex_matches"] = ("P" if day > FEMALE_DAYS else "L") == sex
    return facts


def _years(born: date, at: int) -> int:
    """Whole years from a birth to an instant (UTC ms), by the day in western Indonesia."""
    day = (datetime.fromtimestamp(at / 1000, UTC) + _WIB).date()
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
