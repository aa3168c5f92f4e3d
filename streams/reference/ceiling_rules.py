"""The rule about ceilings that grow from stage to stage, from its definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from math import ceil, floor

from streams.reference.ledgers import Key, Plain, Row, Said, Today

STAGES = ("RAPBD", "APBD", "SHIFT", "APBD-P")


def _ceilings(row: Row) -> Key | None:
    if row["kind"] == "package" or (row["kind"] == "ceiling" and row["ceiling_stage"] in STAGES):
        return str(row["fiscal_year"]), row["opd"]
    return None


def _jumps(rows: list[Row], today: Today) -> dict[str, Said] | str:
    least, reach = today.parameter("B15.least", 8), today.parameter("B15.reach", 1.5)
    lines = [row for row in rows if row["kind"] == "ceiling"]
    found: dict[str, Said] = {}
    compared = False
    for place, stage in enumerate(STAGES):
        grown: dict[str, tuple[int, int]] = {}
        days: dict[str, date] = {}
        for sub, (after, days[sub]) in _state(lines, stage).items():
            before = [state[sub][0] for one in STAGES[:place] if sub in (state := _state(lines, one))]
            if before and before[-1] > 0:
                grown[sub] = before[-1], after
        if not grown or len(grown) < least:
            continue
        compared = True
        ratios = sorted(after / before for before, after in grown.values())
        low, high = ratios[floor(0.25 * (len(ratios) - 1))], ratios[ceil(0.75 * (len(ratios) - 1))]
        for sub, (before_, after) in grown.items():
            times, rupiah = (
                today.parameter(f"B15.{name}", default, days[sub])
                for name, default in (("times", 1.5), ("rupiah", 500e6))
            )
            limit = max(high + reach * (high - low), times)
            if after / before_ > limit and after - before_ >= rupiah:
                found[f"{stage} {sub}"] = ("breach", after / before_, limit)
    return found if compared else "subkegiatan dengan dua tahap pagu terlalu sedikit"


def _state(lines: list[Row], stage: str) -> dict[str, tuple[int, date]]:
    """The ceilings after a stage of the sub-activities that it names, and the last day of what they are made of."""
    named = {row["sub_activity"] for row in lines if row["ceiling_stage"] == stage}
    parts: defaultdict[str, dict[tuple[str, ...], tuple[bool, int, str]]] = defaultdict(dict)
    for row in lines:
        counts = row["ceiling_stage"] == stage or (
            stage != "RAPBD" and row["ceiling_stage"] in STAGES[1 : STAGES.index(stage)]
        )
        if not counts or row["sub_activity"] not in named:
            continue
        part = (row["program"], row["activity"], row["account"], row["fund"] or "", row["village"] or "")
        changed = row["ceiling_stage"] not in ("RAPBD", "APBD")
        mine = parts[row["sub_activity"]]
        if changed or not mine.get(part, (False, 0, ""))[0]:
            mine[part] = (changed, row["amount"], row["day"])
    return {
        sub: (
            sum(amount for _, amount, _ in mine.values()),
            date.fromisoformat(max(day for _, _, day in mine.values())),
        )
        for sub, mine in parts.items()
    }


CEILING_RULES: Mapping[str, Plain] = {"B15": Plain("budget", 500, _ceilings, _jumps)}
