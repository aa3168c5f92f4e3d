"""The rule about the order in which a fund pays, from its definition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from streams.reference.ledgers import Key, Plain, Row, Said, Today

DAY_MS = 86_400_000


class _Paper(NamedTuple):
    """An SPM or SP2D over all its lines, in order."""

    opd: str
    number: str
    lines: list[Row]

    @property
    def refers_to(self) -> str | None:
        name: str | None = self.lines[0]["refers_to"]
        return name

    @property
    def at(self) -> int:
        return int(self.lines[0]["occurred_at"])

    @property
    def complete(self) -> int | None:
        return max((row["complete_at"] for row in self.lines if row["complete_at"] is not None), default=None)


def _queued(row: Row) -> Key | None:
    if row["kind"] not in ("spm", "sp2d") or row["document_number"] is None or not row["fund"]:
        return None
    if row["recurring"] or row["account"].startswith("5.1.01"):
        return None
    return str(row["fiscal_year"]), row["fund"]


def _papers(rows: list[Row], kind: str) -> list[_Paper]:
    found: dict[tuple[str, str], _Paper] = {}
    for row in rows:
        if row["kind"] == kind:
            name = row["opd"], row["document_number"]
            found.setdefault(name, _Paper(*name, [])).lines.append(row)
    return list(found.values())


def _queue_jump(rows: list[Row], today: Today) -> dict[str, Said] | str:
    orders, payments = _papers(rows, "spm"), _papers(rows, "sp2d")
    noted = [order for order in orders if order.complete is not None]
    if not noted:
        return "kelengkapan SPM tidak dicatat"
    waiting = [order for n, order in enumerate(noted) if not _replaced(order, noted[n + 1 :])]
    heard: dict[str, int] = {}
    for row in today.rows("budget"):
        heard[row["source"]] = max(row["occurred_at"], heard.get(row["source"], 0))
    found: dict[str, Said] = {}
    for payment in payments:
        since = _due(payment, orders)
        on = date.fromisoformat(payment.lines[0]["day"])
        most, days, unpaid = (
            today.parameter(f"B14.{name}", default, on)
            for name, default in (("overtaken", 10), ("waited_days", 2), ("unpaid_days", 30))
        )
        passed = 0
        for order in waiting:
            complete = order.complete or 0
            if since is None or complete >= since:
                continue
            mine = [p.at for p in payments if (p.opd, p.refers_to) == (order.opd, order.number)]
            if mine:
                waits = min(mine) > payment.at
            else:
                spoke = heard[order.lines[0]["source"]] >= payment.at
                waits = spoke and payment.at <= complete + unpaid * DAY_MS
            passed += waits and today.profile.calendar.elapsed(complete, payment.at) > days
        if passed >= most:
            found[f"{payment.opd} {payment.number}"] = ("breach", passed, most)
    return found


def _replaced(order: _Paper, later: list[_Paper]) -> bool:
    """Whether a later SPM of the department was made from the same SPP."""
    spp = order.refers_to
    return spp is not None and any((other.opd, other.refers_to) == (order.opd, spp) for other in later)


def _due(payment: _Paper, orders: list[_Paper]) -> int | None:
    """Since when a payment was due."""
    for order in orders:
        if (order.opd, order.number) == (payment.opd, payment.refers_to):
            return order.at if order.complete is None else order.complete
    return payment.at if payment.lines[0]["disbursement_type"] in ("UP", "TU") else None


QUEUE_RULES: Mapping[str, Plain] = {"B14": Plain("budget", 500, _queued, _queue_jump)}
