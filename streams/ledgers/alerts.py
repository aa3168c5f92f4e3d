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
from streams.ledgers.groups import Groups
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


class LedgerAlerts:
    """``alerts`` are those of the task."""

    def __init__(self, profile: Profile, alerts: Alerts) -> None:
        self._profile, self._alerts = profile, alerts
        self._ever: defaultdict[str, set[tuple[str, str]]] | None = None

    def say(self, groups: Groups, found: pl.DataFrame, past: pl.DataFrame | None = None) -> None:
        """Raise what was found; withdraw what was said of these groups before and is found no more, but for what is ``past``
        (``Weighed.past``)."""
        rule, ever = groups.rule, self._said(groups.rule)
        stands = set()
        if len(found):
            for row in _complete(groups, found).iter_rows(named=True):
                stands.add((row["subject"], row["scope"]))
                self._alerts.revise(self._record(groups, row), LEVELS)
        if gone := ever - stands:
            judged = set(groups.rows.select(subject(rule)).to_series())
            for about, scope in gone - _past(groups, past, gone):
                if about in judged:
                    self._withdraw(rule, about, scope, groups.day, groups.at)
        ever |= stands

    def left(self, rule: Rule, rows: pl.DataFrame, touched: pl.DataFrame, day: int, at: int) -> None:
        """Withdraw what was said of touched groups that have no ``rows`` any more: a correction has put them elsewhere."""
        if not len(touched) or not (ever := self._said(rule)):
            return
        gone = set(touched.select(subject(rule)).to_series())
        gone -= set(rows.select(subject(rule)).to_series()) if len(rows) else set()
        for about, scope in [said for said in ever if said[0] in gone]:
            self._withdraw(rule, about, scope, day, at)

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
        rule, proof = groups.rule, groups.rows.filter(pl.col("row").is_in(row["proof"]))
        last = proof.row(-1, named=True)
        day, source = groups.day if row["as_of"] is None else row["as_of"], row["as_of_source"]
        told = Told(
            profile=self._profile, subject=row["subject"], unit="", scope=row["scope"], level=LEVELS[row["level"]],
            observed=float(row["observed"]), threshold=float(row["threshold"]), at=row["at"], closed=True,
            case_due_at=None, detail=0, more={**last, **row},
        )  # fmt: skip
        return record(
            rule, told, subject=row["subject"], scope=row["scope"], opd=last["opd"], unit="",
            proof=_evidence(rule, proof), clock=groups.at,
            parameters={f"{rule.id}.{p.name}": str(groups.on(p.name, day, source)) for p in rule.parameters},
            as_of=AsOf(day_of(day).isoformat(), source=source),
            fence_id=row["fence"] or None, mode="backfill" if last["backfill"] else "live",
            simulated=bool(proof.get_column("simulated").any()),
        )  # fmt: skip


def subject(rule: Rule) -> pl.Expr:
    """What a group is called: the values of its key."""
    names = [pl.col(name).cast(pl.String).fill_null("") for name in rule.by]
    return pl.concat_str(names, separator=JOINT).alias("subject")


def _past(groups: Groups, past: pl.DataFrame | None, gone: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those subjects and scopes that are not judged any more."""
    if past is None or not len(past):
        return set()
    of = groups.rows.group_by("group").agg(subject(groups.rule).first())
    named = set(past.join(of, on="group").select("subject", "scope").iter_rows())
    return {said for said in gone if said in named or (said[0], None) in named}


def _complete(groups: Groups, found: pl.DataFrame) -> pl.DataFrame:
    """Findings with all that ``FINDING`` names, the subject, the instant and the rows that show them; in a fixed order."""
    of = groups.rows.group_by("group").agg(
        subject(groups.rule).first(), pl.col("row").alias("all"), pl.col("at").last().alias("last_at")
    )
    missing = [value.alias(name) for name, value in FINDING.items() if name not in found.columns]
    whole = found.with_columns(missing).join(of, on="group")
    at = pl.col("at") if "at" in found.columns else pl.col("last_at")
    return (
        whole.with_columns(at=at, proof=pl.coalesce("proof", "all"))
        .drop("all", "last_at")
        .sort("subject", "scope")
    )


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
