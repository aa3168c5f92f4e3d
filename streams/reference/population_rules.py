"""The rules about population, each from its definition."""

from __future__ import annotations

from collections import Counter
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


def _homes(row: Row) -> list[Key] | None:
    if row["kind"] != "move" or row["status"] != "registered":
        return None
    return [(token,) for token in (row["address_token"], row["family_card_token"]) if token is not None]


def _crowding(rows: list[Row], today: Today) -> dict[str, Said] | str:
    came = [row for row in rows if _inside(row["destination_village"], today)]
    counted = [row for row in came if not _is_shared(row, today)]
    if came and not counted:
        return "alamat bersama yang terdaftar dalam profil"
    span = today.parameter("K02.days", 30) * 86_400_000
    runs = []
    for last in counted:
        until = last["occurred_at"]
        persons = sum(row["persons"] for row in counted if until - span <= row["occurred_at"] <= until)
        limit = today.parameter("K02.persons", 15, date.fromisoformat(last["day"]))
        if persons > limit:
            runs.append((persons, limit))
    most = max((persons for persons, _ in runs), default=0)
    return next(({"": ("breach", most, limit)} for persons, limit in runs if persons == most), {})


def _is_shared(row: Row, today: Today) -> bool:
    on = date.fromisoformat(row["day"])
    listed = today.profile.shared_addresses
    return any(item.address_token == row["address_token"] and item.holds(on) for item in listed)


def _inside(village: str | None, today: Today) -> bool:
    return village is not None and village.startswith(today.profile.code + ".")


def _names(row: Row) -> list[Key] | None:
    if _person(row) is None:
        return None
    return [(token,) for token in (row["person_token"], row["identity_token"]) if token is not None]


def _doubles(rows: list[Row], today: Today) -> dict[str, Said] | str:
    (token,) = rows[0]["key"]
    if any(row["person_token"] != token for row in rows):
        persons = len({row["person_token"] for row in rows})
        return {"identitas": ("breach", persons, 1)} if persons > 1 else {}
    cards: set[str] = set()
    for row in rows:
        here = _inside(row["destination_village"], today)
        if row["kind"] == "death":
            cards.clear()
        elif row["kind"] == "move":
            if here and _inside(row["origin_village"], today) and row["previous_family_card_token"] is None:
                cards.clear()
            cards.discard(row["previous_family_card_token"])
            if not here:
                cards.discard(row["family_card_token"])
        if row["kind"] == "birth" or (row["kind"] == "move" and here):
            cards.add(row["family_card_token"])
    return {"kk": ("breach", len(cards), 1)} if len(cards) > 1 else {}


def _operator(row: Row) -> Key | None:
    corrected = row["kind"] == "correction" and row["status"] == "registered"
    return (row["operator_token"],) if corrected and row["operator_token"] is not None else None


def _operating(rows: list[Row], today: Today) -> dict[str, Said] | str:
    found: dict[str, Said] = {}
    days = Counter(row["day"] for row in rows if {"birth_date", "nik"} & set(row["changed_fields"]))
    limits = {day: today.parameter("K07.per_day", 10, date.fromisoformat(day)) for day in days}
    busy = [(-number, day) for day, number in days.items() if number > limits[day]]
    if busy:
        number, day = min(busy)
        found["massal"] = ("breach", -number, limits[day])
    enough = len(rows) >= today.parameter("K07.least", 20)
    off = sum(not _is_open(row["occurred_at"], today) for row in rows)
    share, most = off * 100 / len(rows), today.parameter("K07.share", 50)
    if enough and share > most:
        found["luar jam"] = ("breach", share, most)
    return found if found or enough else "pembetulan terlalu sedikit"


def _is_open(at: int, today: Today) -> bool:
    return today.profile.calendar.is_working(at)


POPULATION_RULES: Mapping[str, Plain] = {
    "K02": Plain("population", 400, _homes, _crowding),
    "K03": Plain("population", FIVE_YEARS, _names, _doubles),
    "K04": Plain("population", FIVE_YEARS, _person, _number),
    "K05": Plain("population", FIVE_YEARS, _person, _age),
    "K06": Plain("population", FIVE_YEARS, _person, _after_death),
    "K07": Plain("population", 90, _operator, _operating),
}
