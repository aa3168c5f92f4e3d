"""The rules about population, each from its definition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from streams.reference.ledgers import Key, Plain, Row, Said, Today

FIVE_YEARS = 1826


def _person(row: Row) -> Key | None:
    token = row["person_token"]
    return None if token is None or row["status"] != "registered" else (token,)


def _number(rows: list[Row], _: Today) -> dict[str, Said] | str:
    checks = {
        "bentuk": "nik_well_formed", "wilayah": "nik_region_known", "tanggal": "nik_date_matches",
        "kelamin": "nik_sex_matches",
    }  # fmt: skip
    found: dict[str, Said] = {}
    checked = False
    for scope, field in checks.items():
        told = [row[field] for row in rows if row[field] is not None]
        checked = checked or bool(told)
        if told and told[-1] is False:
            found[scope] = ("breach", told.count(False), 0)
    return found if checked else "pintu masuk data tidak memeriksa nomor"


def _age(rows: list[Row], today: Today) -> dict[str, Said] | str:
    found: dict[str, Said] = {}
    known = False
    for scope, field, least, most in (
        ("usia", "age_years", 0, 120), ("ibu", "mother_age_years", 12, 60), ("ayah", "father_age_years", 12, 60),
    ):  # fmt: skip
        last = next((row for row in reversed(rows) if row[field] is not None), None)
        if last is None:
            continue
        known = True
        on = date.fromisoformat(last["day"])
        low = today.parameter(f"K05.{scope}_least", least, on)
        high = today.parameter(f"K05.{scope}_most", most, on)
        if last[field] < low:
            found[scope] = ("breach", last[field], low)
        elif last[field] > high:
            found[scope] = ("breach", last[field], high)
    return found if known else "tidak ada usia pada catatan"


def _after_death(rows: list[Row], today: Today) -> dict[str, Said] | str:
    found: dict[str, Said] = {}
    died: date | None = None
    for row in rows:
        on = date.fromisoformat(row["day"])
        if row["kind"] == "death":
            died = died or on
        elif died is not None and row["kind"] in ("move", "birth"):
            grace = today.parameter("K06.days", 0, on)
            if (on - died).days > grace:
                scope = "pindah" if row["kind"] == "move" else "lahir"
                found[scope] = ("breach", (on - died).days, grace)
    return found


POPULATION_RULES: Mapping[str, Plain] = {
    "K04": Plain("population", FIVE_YEARS, _person, _number),
    "K05": Plain("population", FIVE_YEARS, _person, _age),
    "K06": Plain("population", FIVE_YEARS, _person, _after_death),
}
