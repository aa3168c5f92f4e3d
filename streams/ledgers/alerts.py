"""From what a rule finds in groups of rows to alert records, and the withdrawal of those that stand no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import polars as pl

from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from streams.cases.book import day_of
from streams.engine.alerts import WITHDRAWN, Alerts
from streams.ledgers.groups import Groups, Weighed
from streams.rules.alerts import EVIDENCE_LIMIT, alert_id, digest_of_ids, record
from streams.rules.as_of import AsOf
from streams.rules.findings import BREACH, LEVELS
from streams.rules.rule import Rule
from streams.rules.telling import Told

#: What a finding is where the rule says nothing else.
FINDING: Mapping[str, pl.Expr] = {
    "scope": pl.lit(""), "level": pl.lit(BREACH), "fence": pl.lit(""),
    "proof": pl.lit(None, pl.List(pl.UInt32)), "as_of": pl.lit(None, pl.Int64), "as_of_source": pl.lit(""),
}  # fmt: skip
REASON = "Pada penilaian hari ini dokumen yang ada tidak lagi menunjukkan indikasi ini."
JOINT = "|"
DECIMALS = 9


class LedgerAlerts:
    """``alerts`` are those of the task."""

    def __init__(self, profile: Profile, alerts: Alerts) -> None:
        self._profile, self._alerts = profile, alerts
        self._ever: defaultdict[str, set[tuple[str, str]]] | None = None

    def say(self, rule: Rule, groups: Groups | None, weighed: Weighed | None, left: Left) -> None:
        """Day by day: withdraw what was said of groups that have no rows any more (a correction has put them elsewhere),
        raise what was found, and withdraw what was said of the others before and is found no more, but for what is
        ``Weighed.past``. Without groups there is nothing but what is ``left``."""
        found = {} if groups is None or weighed is None else _by_day(groups, weighed.found)
        ever = self._said(rule)
        for day, at in left.ats.items():
            if ever:
                for about, scope in [said for said in ever if said[0] in left.on(day)]:
                    self._withdraw(rule, about, scope, day, at)
            if groups is None or weighed is None:
                continue
            rows = found.get(day, ())
            stands = {(row["subject"], row["scope"]) for row in rows}
            for row in rows:
                self._alerts.revise(self._record(groups, row), LEVELS)
            if gone := ever - stands:
                self._withdraw_others(groups, weighed, gone, day)
            ever |= stands

    def _withdraw_others(
        self, groups: Groups, weighed: Weighed, gone: set[tuple[str, str]], day: int
    ) -> None:
        """What is not found any more of the groups that were judged on a day."""
        judged = groups.keys.filter(pl.col("today") == day).select("group", subject(groups.rule))
        names = set(judged.get_column("subject"))
        past: set[tuple[str, str | None]] = set()
        if weighed.past is not None and len(weighed.past):
            past = set(weighed.past.join(judged, on="group").select("subject", "scope").iter_rows())
        for about, scope in gone:
            if about in names and (about, scope) not in past and (about, None) not in past:
                self._withdraw(groups.rule, about, scope, day, groups.ats[day])

    def _withdraw(self, rule: Rule, about: str, scope: str, day: int, at: int) -> None:
        """Unless the rule judges it no more, or what shows it is older than it looks back: then nothing speaks against it."""
        name = alert_id(rule.id, about, scope)
        last = self._alerts.last(name)
        oldest = day_of(day - rule.window).isoformat()
        settled = rule.settles and last is not None and (
            self._profile.local_day(last["level_at"]) < day_of(day - rule.settles).isoformat()
        )  # fmt: skip
        if (
            last is not None
            and not settled
            and self._profile.local_day(last["evidence"][0]["occurred_at"]) >= oldest
        ):
            self._alerts.withdraw(name, REASON, at)

    def _said(self, rule: Rule) -> set[tuple[str, str]]:
        """Subject and scope of all that may stand of a rule: a predecessor's, and what was raised since."""
        if self._ever is None:
            self._ever = defaultdict(set)
            for alert in self._alerts.records().values():
                if alert["status"] != WITHDRAWN:
                    self._ever[alert["rule"]].add((alert["subject"], alert["scope"]))
        return self._ever[rule.id]

    def _record(self, groups: Groups, row: Mapping[str, Any]) -> dict[str, Any]:
        """A complete record of ``risk.alerts`` but for status, revision and publish time."""
        rule, proof = groups.rule, groups.rows[sorted(set(row["proof"]))]
        last = proof.row(-1, named=True)
        day, source = row["today"] if row["as_of"] is None else row["as_of"], row["as_of_source"]
        told = Told(
            profile=self._profile, subject=row["subject"], unit="", scope=row["scope"], level=LEVELS[row["level"]],
            observed=_rounded(row["observed"]), threshold=_rounded(row["threshold"]), at=row["at"], closed=True,
            case_due_at=None, detail=0, more={**last, **row},
        )  # fmt: skip
        return record(
            rule, told, subject=row["subject"], scope=row["scope"], opd=last["opd"], unit="",
            proof=_evidence(rule, proof), clock=groups.ats[row["today"]],
            parameters={f"{rule.id}.{p.name}": str(groups.on(p.name, day, source)) for p in rule.parameters},
            as_of=AsOf(day_of(day).isoformat(), source=source),
            fence_id=row["fence"] or None, mode="backfill" if last["backfill"] else "live",
            simulated=bool(proof.get_column("simulated").any()),
        )  # fmt: skip


class Left:
    """Groups to which something came, of which no rows are left on that day; looked up where something was said of a rule.
    ``ats`` are the days that it is asked about, with the instants at which they began (UTC ms)."""

    def __init__(
        self, rule: Rule, touched: pl.DataFrame, keys: pl.DataFrame | None, ats: Mapping[int, int]
    ) -> None:
        self._rule, self._touched, self._keys, self.ats = rule, touched, keys, ats
        self._by_day: dict[int, set[str]] | None = None

    def on(self, day: int) -> set[str]:
        """The subjects."""
        if self._by_day is None:
            names = [
                set(some.select("today", subject(self._rule)).unique().iter_rows())
                if some is not None and len(some)
                else set()
                for some in (self._touched, self._keys)
            ]
            self._by_day = defaultdict(set)
            for today, name in names[0] - names[1]:
                self._by_day[today].add(name)
        return self._by_day.get(day, set())


def subject(rule: Rule) -> pl.Expr:
    """What a group is called: the values of its key."""
    names = [pl.col(name).cast(pl.String).fill_null("") for name in rule.by]
    return pl.concat_str(names, separator=JOINT).alias("subject")


def _rounded(value: float) -> float:
    """Without the last bits, which differ with how many rows are computed at once: a column is divided by a constant in
    another way than a single value."""
    return round(float(value), DECIMALS)


def _by_day(groups: Groups, found: pl.DataFrame) -> Mapping[int, list[dict[str, Any]]]:
    """Findings with all that ``FINDING`` names, the subject, the day, the instant and the rows that show them; in a fixed
    order."""
    if not len(found):
        return {}
    of = groups.keys.select("group", "today", subject(groups.rule))
    missing = [value.alias(name) for name, value in FINDING.items() if name not in found.columns]
    whole = found.drop("today", strict=False).with_columns(missing).join(of, on="group")
    if whole.get_column("proof").null_count() or "at" not in found.columns:
        mine = groups.laid(found.select("group").unique()).group_by("group").agg(
            pl.col("row").alias("all"), pl.col("at").last().alias("last_at")
        )  # fmt: skip
        at = pl.col("at" if "at" in found.columns else "last_at")
        whole = (
            whole.join(mine, on="group")
            .with_columns(at=at, proof=pl.coalesce("proof", "all"))
            .drop("all", "last_at")
        )
    whole = whole.sort("today", "subject", "scope")
    by_day: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in whole.iter_rows(named=True):
        by_day[row["today"]].append(row)
    return by_day


def _evidence(rule: Rule, proof: pl.DataFrame) -> dict[str, Any]:
    """The evidence fields: the latest 200 of the rows, their number, and the digest over all."""
    ids = [str(UUID(int=high << 64 | low)) for high, low in proof.select("high", "low").iter_rows()]
    columns = proof.select("partition", "offset", "at", "kind").iter_rows()
    shown = [
        {
            "topic": DOMAINS[rule.domain].name,
            "partition": partition,
            "offset": offset,
            "event_id": event_id,
            "occurred_at": at,
            "kind": kind,
        }
        for event_id, (partition, offset, at, kind) in zip(ids, columns, strict=True)
    ]
    return {
        "evidence": shown[-EVIDENCE_LIMIT:],
        "evidence_total": len(ids),
        "evidence_digest": digest_of_ids(ids),
    }
