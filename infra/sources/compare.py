"""What two sources say of the same facts, from the events stored in ClickHouse: one line a fact.

The profile's ``fact_sources.csv`` says which facts, by which fields one is known, and who is right. On each side stand the
events that no later one of the same source replaced; several about one fact (parts of a payment) are added up, and of the
progress of a work the latest counts.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from schemas.profile.rows import ANY, FactSource
from sinks.clickhouse.tables import TABLES
from sinks.inspectorate.sources import Comparison, Difference, Status

#: What is compared in each domain, and what it is for people.
MEASURES = {
    "revenue": ("amount", "rupiah"), "budget": ("amount", "rupiah"), "population": ("persons", "orang"),
    "activities": ("physical_bp", "per sepuluh ribu"),
}  # fmt: skip
LATEST = ("activities",)
LAST = date(2149, 1, 1)
#: Facts that a page or a terminal is given; the counts are of all.
MOST = 5_000


def compare(client: Any, database: str, profile: Profile, domain: str = "") -> list[Comparison]:
    """A comparison for each row of ``fact_sources.csv``, of one domain or all (a clickhouse-connect client). Raises what the
    client raises when nobody answers."""
    return [
        _compared(row, _stored(client, database, profile, row))
        for row in profile.fact_sources
        if domain in ("", row.domain)
    ]


def _stored(client: Any, database: str, profile: Profile, row: FactSource) -> pl.DataFrame:
    """The standing events that a row is about: ``fact`` (texts), ``ours`` (from the authoritative source), ``amount``, ``at``."""
    measure, _ = MEASURES[row.domain]
    table = f"{database}.{TABLES[DOMAINS[row.domain].name].name}"
    names = list(dict.fromkeys(("event_id", "corrects", "source", measure, *row.fact)))
    events = client.query_arrow(
        f"SELECT {', '.join(names)}, {_side('a')} AS ours, toUnixTimestamp64Milli(occurred_at) AS at, "  # noqa: S608
        f"kind = {{kind:String}} AND (ours OR {_side('o')}) "
        "AND toDate(occurred_at, {zone:String}) BETWEEN {first:Date} AND {last:Date} AS about "
        f"FROM {table} WHERE NOT is_repeat AND (about OR corrects IS NOT NULL)",
        parameters={
            "kind": row.kind, "zone": profile.timezone.key, "first": row.valid_from, "last": row.valid_to or LAST,
            **_prefix("a", row.authoritative), **_prefix("o", "" if row.other == ANY else row.other),
        },
        use_strings=True,
    )  # fmt: skip
    found = pl.DataFrame(events).with_columns(pl.col("ours", "about").cast(pl.Boolean))
    corrected = found.select("event_id", "source", corrected_source="source")
    foreign = (
        found.select("event_id", "source", "corrects")
        .drop_nulls()
        .join(corrected.drop("source"), left_on="corrects", right_on="event_id")
        .filter(pl.col("source") != pl.col("corrected_source"))
    )
    own = found.join(foreign, on=["event_id", "source"], how="anti")
    replaced = own.select("source", event_id="corrects").drop_nulls()
    facts = (pl.col(name).cast(pl.String).fill_null("") for name in row.fact)
    return (
        own.join(replaced, on=["source", "event_id"], how="anti")
        .filter("about")
        .select(pl.concat_list(*facts).alias("fact"), "ours", pl.col(measure).alias("amount"), "at")
    )


def _side(name: str) -> str:
    """Whether a source is a prefix or lies below it; the empty one is every source."""
    return f"(source = {{{name}:String}} OR startsWith(source, {{{name}_below:String}}))"


def _prefix(name: str, prefix: str) -> dict[str, str]:
    return {name: prefix, f"{name}_below": prefix.rstrip("/") + "/" if prefix else ""}


def _compared(row: FactSource, events: pl.DataFrame) -> Comparison:
    amount = pl.col("amount").sort_by("at").last() if row.domain in LATEST else pl.col("amount").sum()
    named = pl.col("fact").list.join("") != ""
    sides = [
        events.filter(named & side)
        .group_by("fact")
        .agg(amount.alias(name), pl.col("at").max().alias(f"{name}_at"))
        for name, side in (("ours", pl.col("ours")), ("theirs", ~pl.col("ours")))
    ]
    facts = sides[0].join(sides[1], on="fact", how="full", coalesce=True).sort("fact")
    counts: dict[Status, int] = {"agrees": 0, "differs": 0, "only-authoritative": 0, "only-other": 0}
    lines: list[Difference] = []
    for fact, ours, ours_at, theirs, theirs_at in facts.select(
        "fact", "ours", "ours_at", "theirs", "theirs_at"
    ).iter_rows():
        status: Status = (
            "only-other" if ours is None else "only-authoritative" if theirs is None
            else "agrees" if ours == theirs else "differs"
        )  # fmt: skip
        counts[status] += 1
        if status != "agrees" and len(lines) < MOST:
            at = max(at for at in (ours_at, theirs_at) if at is not None)
            lines.append(Difference(tuple(fact), status, ours, theirs, at))
    return Comparison(
        row.domain, row.kind, row.fact, row.authoritative, row.other, row.valid_from, row.valid_to,
        MEASURES[row.domain][1], counts, len(events.filter(~named)), lines,
    )  # fmt: skip
