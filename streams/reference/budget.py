"""Budget from its standing events, by the table in the law's words: LS + GU + accounted advances - returns."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from schemas.profile import Profile
from streams.reference.received import Figure, Received, add


def figures(events: list[Received], profile: Profile) -> Counter[Figure]:
    """Ceiling, cash plan, realised spending, advances."""
    found: Counter[Figure] = Counter()
    lines: defaultdict[tuple[object, ...], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        e = event.record
        dimensions = _dimensions(e)
        kind, of, amount, day = e["kind"], e["disbursement_type"], e["amount"], _day(e, profile)
        advance = of in ("UP", "TU")
        if kind == "sp2d":
            add(found, "budget.advance" if advance else "budget.realised", day, amount, dimensions)
        elif kind == "accounting" and advance:
            add(found, "budget.realised", day, amount, dimensions)
            add(found, "budget.advance", day, -amount, dimensions)
        elif kind in ("return", "reversal"):
            happened = profile.local_day(e["occurred_at"])
            if advance:
                add(found, "budget.advance", max(day, happened), -amount, dimensions)
            elif happened <= f"{e['fiscal_year']:04d}-12-31":
                add(found, "budget.realised", day, -amount, dimensions)
        elif kind == "ceiling" and e["ceiling_stage"] in ("APBD", "SHIFT", "APBD-P"):
            line = (e["fiscal_year"], *dimensions.values(), e["fund"] or None, e["village"] or None)
            lines[line].append(e)
    for versions in lines.values():
        versions.sort(key=lambda v: (v["ceiling_stage"] != "APBD", v["occurred_at"], v["event_id"]))
        before = 0
        for version in versions:
            add(
                found,
                "budget.ceiling",
                _day(version, profile),
                version["amount"] - before,
                _dimensions(version),
            )
            before = version["amount"]
        plans = [version["monthly_plan"] for version in versions if version["monthly_plan"]]
        for month, amount in enumerate(plans[-1] if plans else (), start=1):
            day = f"{versions[0]['fiscal_year']:04d}-{month:02d}-01"
            add(found, "budget.plan", day, amount, _dimensions(versions[0]))
    return found


def _dimensions(e: dict[str, Any]) -> dict[str, str | None]:
    return {name: e[name] for name in ("opd", "program", "activity", "sub_activity", "account")}


def _day(e: dict[str, Any], profile: Profile) -> str:
    year = f"{e['fiscal_year']:04d}"
    return min(max(profile.local_day(e["occurred_at"]), f"{year}-01-01"), f"{year}-12-31")
