"""Which topic goes to which table, and the tables' columns as the migrations declare them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.catalogue import AGGREGATES, ALERTS, DISPOSITIONS, DOMAINS, HEARTBEATS, Topic

#: Columns of every table: where the row came from.
PLACE = ("_topic", "_partition", "_offset", "_timestamp", "_ingested_at")
MARKS = ("is_repeat", "is_future")


@dataclass(frozen=True, slots=True)
class Table:
    """``raw`` tables keep every event and mark repeats; the others keep the newest value of a key."""

    name: str
    schema: str
    raw: bool


def _table(topic: Topic) -> Table:
    if topic in AGGREGATES.values():
        return Table("aggregates", topic.schema, raw=False)
    if topic is ALERTS:
        return Table("alerts", topic.schema, raw=False)
    if topic is DISPOSITIONS:
        return Table("dispositions", topic.schema, raw=False)
    return Table(topic.name.replace(".", "_"), topic.schema, raw=True)


#: Table by catalogue topic: everything the sink reads.
TABLES: Mapping[str, Table] = MappingProxyType(
    {t.name: _table(t) for t in (*DOMAINS.values(), HEARTBEATS, *AGGREGATES.values(), ALERTS, DISPOSITIONS)}
)
