"""The rules about cashiers and their receipts, each from its definition."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from math import copysign, sqrt

from streams.reference.ledgers import Dated, Key, Plain, Row, Said, Today
from streams.reference.revenue_rules import DIRECT, holds, uses_directly
from streams.reference.statistics import binomial_tail, percentile


def office(row: Row) -> Key | None:
    return (row["opd"], row["cash_office"]) if row["kind"] in ("receipt", "void", "deposit") else None


def outliers(
    shares: Mapping[str, tuple[int, int]], least: float, reach: float, alpha: float
) -> dict[str, Said]:
    """Those whose k of n lies above the fence of all that have ``least`` and is no chance: how many of k are beyond it."""
    enough = {who: (k, n) for who, (k, n) in shares.items() if n >= least}
    if len(enough) < 4:
        return {}
    rates = {who: 100.0 * k / n for who, (k, n) in enough.items()}
    low, high = percentile(25, rates.values()), percentile(75, rates.values())
    fence = high + reach * (high - low)
    p = sum(k for k, _ in enough.values()) / sum(n for _, n in enough.values())
    return {
        who: ("breach", k - fence * n / 100.0, 0.0)
        for who, (k, n) in enough.items()
        if rates[who] > fence and binomial_tail(k, n, p) < alpha
    }


def _voiding(rows: list[Row], today: Today) -> dict[str, Said] | str:
    cashiers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["cashier_token"] is not None:
            cashiers[row["cashier_token"]][row["kind"]] += 1
    least = today.parameter("R04.least", 50)
    shares = {who: (kinds["void"], kinds["receipt"]) for who, kinds in cashiers.items()}
    reach, alpha = today.parameter("R04.reach", 1.5), today.parameter("R04.alpha", 0.001)
    found = {f"tingkat {who}": said for who, said in outliers(shares, least, reach, alpha).items()}
    months: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for void in [row for row in rows if row["kind"] == "void"]:
        for what in _remarkable(void, rows, today):
            months[what, void["cashier_token"] or "-", void["day"][:7]].append(void)
    names = {"setoran": "after_deposit", "penutupan": "after_closing", "ulang": "again"}
    for (what, who, month), voids in months.items():
        allowed = today.parameter(f"R04.{names[what]}", 0, date.fromisoformat(voids[-1]["day"]))
        if len(voids) > allowed:
            found[f"{what} {who} {month}"] = ("breach", float(len(voids)), allowed)
    if not found and not cashiers:
        return "petugas kas tidak tercatat"
    if not found and all(n < least for _, n in shares.values()):
        return "kuitansi setiap petugas kas terlalu sedikit"
    return found


def _remarkable(void: Row, rows: list[Row], today: Today) -> list[str]:
    """What is odd about a void."""
    receipts = [row for row in rows if row["kind"] == "receipt" and row["receipt_number"] is not None]
    number = void["receipt_number"]
    if number is None:
        number = next((r["receipt_number"] for r in receipts if r["event_id"] == void["voided_event"]), None)
    of = next((row for row in receipts if row["receipt_number"] == number), None)
    if of is None:
        return []
    found = []
    for slip in [
        row for row in rows if row["kind"] == "deposit" and row["occurred_at"] < void["occurred_at"]
    ]:
        if slip["composition"]:
            holds = number in [part["receipt_number"] for part in slip["composition"]]
        else:
            holds = of["closing_id"] is not None and slip["closing_id"] == of["closing_id"]
        found += ["setoran"] if holds else []
    closings = {void["closing_id"], of["closing_id"]}
    by_two = (
        None not in (void["officer_token"], void["cashier_token"])
        and void["officer_token"] != void["cashier_token"]
    )
    found += ["penutupan"] if len(closings - {None}) == 2 else []
    found = [] if by_two else found
    within = today.parameter("R04.again_days", 7, date.fromisoformat(void["day"]))
    for again in [row for row in rows if row["kind"] == "receipt" and row["payer_token"] is not None]:
        same = all(again[name] == of[name] for name in ("account", "amount", "payer_token"))
        later = again["occurred_at"] > void["occurred_at"] and again["day"] > of["day"]
        apart = (date.fromisoformat(again["day"]) - date.fromisoformat(void["day"])).days
        found += ["ulang"] if same and later and apart <= within else []
    return sorted(set(found))


def _held(row: Row) -> Key | None:
    return (row["opd"], row["cash_office"]) if row["kind"] in ("receipt", "deposit", "assessment") else None


def _lapping(rows: list[Row], today: Today) -> Mapping[str, Said | Dated] | str:
    if uses_directly(rows, today):
        return DIRECT
    receipts = [row for row in rows if row["kind"] == "receipt" and row["cashier_token"] is not None]
    live = [row for row in receipts if row["mode"] != "backfill"]
    if receipts and not live:
        return "data historis"
    found: dict[str, Said | Dated] = {}
    enough = False
    for cashier in {row["cashier_token"] for row in live}:
        mine = [row for row in live if row["cashier_token"] == cashier]
        ages = _ages(mine, [row for row in rows if row["kind"] == "deposit"], today)
        rise = today.parameter("R06.rise", 2)
        if len(ages) >= today.parameter("R06.least", 20):
            enough = True
            third = len(ages) // 3
            grown = _mean(ages[-third:]) - _mean(ages[:third])
            if grown >= rise and _mann_kendall([sum(day) / len(day) for day in ages]) >= today.parameter(
                "R06.z", 3
            ):
                found[f"umur {cashier}"] = ("breach", grown, rise)
        chained, allowed = _chained(mine, rows), today.parameter("R06.chained", 2)
        if len(chained) > allowed:
            oldest = min(day for days in chained for day in days)
            found[f"silang {cashier}"] = Dated(("breach", float(len(chained)), allowed), oldest)
    if not found and not enough:
        return "hari dengan kuitansi tunai yang sudah disetor terlalu sedikit"
    return found


def _ages(receipts: list[Row], deposits: list[Row], today: Today) -> list[list[int]]:
    """Working days until the deposit of the cash of each day of the last sixty."""
    ages: defaultdict[str, list[int]] = defaultdict(list)
    for row in receipts:
        days = [deposit["day"] for deposit in deposits if holds(deposit, row)]
        recent = row["day"] >= (today.day - timedelta(days=60)).isoformat()
        if row["channel"] == "cash" and recent and days and min(days) >= row["day"]:
            ages[row["day"]].append(_working_days(row["day"], min(days), today))
    return [ages[day] for day in sorted(ages)]


def _working_days(first: str, last: str, today: Today) -> int:
    day, found = date.fromisoformat(first), 0
    while day.isoformat() < last:
        day += timedelta(days=1)
        found += today.profile.calendar.is_working_day(day)
    return found


def _mean(days: list[list[int]]) -> float:
    return sum(sum(day) for day in days) / sum(len(day) for day in days)


def _mann_kendall(values: list[float]) -> float:
    n = len(values)
    rises = sum((b > a) - (b < a) for i, a in enumerate(values) for b in values[i + 1 :])
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    return 0.0 if variance <= 0 or rises == 0 else (rises - copysign(1, rises)) / sqrt(variance)


def _chained(receipts: list[Row], rows: list[Row]) -> list[list[str]]:
    """Payments booked for another whose payer's own assessment a third one pays within sixty days: for each the days of the
    payments and of the letters that say who owes."""
    letters = {
        row["assessment_id"]: row
        for row in rows
        if row["kind"] == "assessment" and row["payer_token"] is not None and row["assessment_id"] is not None
    }
    crossed = [
        (row, letters[row["assessment_id"]])
        for row in receipts
        if row["payer_token"] is not None
        and row["assessment_id"] in letters
        and letters[row["assessment_id"]]["payer_token"] != row["payer_token"]
    ]
    found = []
    for number, (row, letter) in enumerate(crossed):
        filled = [
            day
            for later, other in crossed[number + 1 :]
            if other["payer_token"] == row["payer_token"]
            and (date.fromisoformat(later["day"]) - date.fromisoformat(row["day"])).days <= 60
            for day in (later["day"], other["day"])
        ]
        if filled:
            found.append([row["day"], letter["day"], *filled])
    return found


def _receipt(row: Row) -> Key | None:
    return (row["opd"], row["cash_office"]) if row["kind"] == "receipt" else None


def _paying(rows: list[Row], today: Today) -> dict[str, Said] | str:
    known = today.profile.cash_offices.get(rows[0]["cash_office"])
    if known is not None and known.kind in ("bank", "online"):
        return "kas tanpa penerimaan tunai di loket (bank, daring)"
    since = (today.day - timedelta(days=30)).isoformat()
    now, before = [row for row in rows if row["day"] >= since], [row for row in rows if row["day"] < since]
    cash_now, cash_before = ([row for row in some if row["channel"] == "cash"] for some in (now, before))
    least, z = today.parameter("R09.least", 50), today.parameter("R09.z", 3)
    found: dict[str, Said] = {}
    enough = min(len(now), len(before)) >= least
    if enough:
        grown = 100.0 * len(cash_now) / len(now) - 100.0 * len(cash_before) / len(before)
        rise = today.parameter("R09.rise", 30)
        if grown >= rise and _rise(len(cash_now), len(now), len(cash_before), len(before)) >= z:
            found["tunai"] = ("breach", grown, rise)
    off_before = sum(_is_off(row, today) for row in cash_before)
    for cashier in {row["cashier_token"] for row in cash_now} - {None}:
        mine = [row for row in cash_now if row["cashier_token"] == cashier]
        off, allowed = sum(_is_off(row, today) for row in mine), today.parameter("R09.off_hours", 10)
        many = off > allowed and len(cash_before) >= least
        if many and _rise(off, len(mine), off_before, len(cash_before)) >= z:
            found[f"luar jam {cashier}"] = ("breach", float(off), allowed)
    return found if found or enough else "kuitansi terlalu sedikit untuk dibandingkan"


def _is_off(row: Row, today: Today) -> bool:
    on = date.fromisoformat(row["day"])
    first, last = (
        today.profile.threshold(f"R09.{name}", on, default, source=row["source"])
        for name, default in (("from", 6), ("until", 20))
    )
    hour = (row["occurred_at"] - today.profile.calendar.day_start(row["day"])) / 3_600_000
    return bool(hour < first or hour >= last)


def _rise(k: int, n: int, k_before: int, n_before: int) -> float:
    """The difference of two shares in standard deviations of what it is if both are alike."""
    p = (k + k_before) / (n + n_before)
    variance = p * (1 - p) * (1 / n + 1 / n_before)
    return (k / n - k_before / n_before) / sqrt(variance) if variance > 0 else 0.0


CASHIER_RULES: Mapping[str, Plain] = {
    "R04": Plain("revenue", 200, office, _voiding, every=7),
    "R06": Plain("revenue", 300, _held, _lapping, every=7),
    "R09": Plain("revenue", 120, _receipt, _paying, every=7),
}
