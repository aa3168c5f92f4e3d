"""What would have been published of a run's alerts: by the very function that ranks for the inspectorate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from infra.evaluation.scoring import about
from schemas.profile import Profile
from streams.risks.combining import TARGET, as_it_came, combined
from streams.risks.signs import ALERT, NAMED, of_actors, of_cases, signs
from streams.risks.terms import Terms
from streams.rules import rules

WITHDRAWN = "withdrawn"


def published(
    alerts: Sequence[Mapping[str, Any]], profile: Profile, without: Collection[str] = ()
) -> list[set[tuple[str, str]]]:
    """For each case, and each actor that subjects name, that was enough to publish on some day: the rules and
    subjects (``scoring.about``) of the alerts about it that were alive on such a day, but for those of the rules
    ``without``. An alert counts from its last revision, and one that ended by itself from when its level was reached. Of the
    actors only those that subjects name are known here, and only they count that are more than one of their cases."""
    known, terms = rules(), Terms(profile)
    alerts = [alert for alert in alerts if alert["rule"] not in without]
    rows = [
        {
            **{name: alert.get(name) for name in ALERT},
            "alert_id": str(number),
            "clock": alert["level_at"] if alert["status"] == WITHDRAWN else alert["clock"],
        }
        for number, alert in enumerate(alerts)
    ]
    counted = [
        (
            alert["rule"],
            about(alert, papers=alert["rule"] in known and known[alert["rule"]].weigh is not None),
        )
        for alert in alerts
    ]
    found = signs(pl.DataFrame(rows, schema=ALERT), known, terms)
    said: list[set[tuple[str, str]]] = []
    for signed in (of_cases(found, known), of_actors(found, known, pl.DataFrame(schema=NAMED))):
        by_target: defaultdict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        done = combined(signed, as_it_came(signed), terms)
        enough = done.risks.filter("published").select(*TARGET, "asked")
        alive = done.shares.join(enough, on=[*TARGET, "asked"], how="semi").select(*TARGET, "alert_id")
        for of, who, number in alive.unique(maintain_order=True).iter_rows():
            by_target[of, who].add(counted[int(number)])
        said += [pairs for pairs in by_target.values() if not any(pairs <= other for other in said)]
    return said
