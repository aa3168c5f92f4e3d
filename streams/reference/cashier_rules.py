"""The rules about cashiers and their receipts, each from its definition."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date

from streams.reference.ledgers import Key, Plain, Row, Said, Today
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
    found += ["penutupan"] if len(closings - {None}) == 2 else []
    within = today.parameter("R04.again_days", 7, date.fromisoformat(void["day"]))
    for again in [row for row in rows if row["kind"] == "receipt" and row["payer_token"] is not None]:
        same = all(again[name] == of[name] for name in ("account", "amount", "payer_token"))
        later = again["occurred_at"] > void["occurred_at"] and again["day"] > of["day"]
        apart = (date.fromisoformat(again["day"]) - date.fromisoformat(void["day"])).days
        found += ["ulang"] if same and later and apart <= within else []
    return sorted(set(found))


CASHIER_RULES: Mapping[str, Plain] = {
    "R04": Plain("revenue", 200, office, _voiding),
}
