"""Revenue from its standing events, one at a time."""

from __future__ import annotations

from collections import Counter

from schemas.profile import Profile
from streams.reference.received import Figure, Received, add


def figures(events: list[Received], profile: Profile) -> Counter[Figure]:
    """Received, assessed, deposited and arrears."""
    found: Counter[Figure] = Counter()
    for event in events:
        e = event.record
        day = profile.local_day(e["occurred_at"])
        parts = e["account"].split(".")
        known = (
            len(parts) > 1
            and parts[0].isdigit()
            and len(parts[0]) == 1
            and len(parts[1]) == 1
            and parts[1].isdigit()
        )
        dimensions = {
            "opd": e["opd"],
            "account_group": f"{parts[0]}.{parts[1]}" if known else None,
            "account": e["account"],
            "channel": e["channel"],
            "village": e["village"],
        }
        amount = e["amount"]
        match e["kind"]:
            case "receipt" | "void":
                signed = amount if e["kind"] == "receipt" else -amount
                add(found, "revenue.received", day, signed, dimensions)
                if e["assessment_id"] is not None:
                    add(found, "revenue.arrears", day, -signed, dimensions)
            case "assessment":
                owed = amount - e["reduction"] + e["penalty"]
                add(found, "revenue.assessed", day, owed, dimensions)
                add(found, "revenue.arrears", day, owed, dimensions)
            case "deposit":
                add(found, "revenue.deposited", day, amount, dimensions)
            case "opening_balance":
                add(found, f"revenue.{e['measure']}", day, amount, dimensions)
    return found
