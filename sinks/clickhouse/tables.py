"""Which topic goes to which table, and how its rows are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from schemas.catalogue import AGGREGATES, ALERTS, DISPOSITIONS, DOMAINS, HEARTBEATS, TOPICS, Topic

#: Columns of every table: where the row came from.
PLACE = ("_topic", "_partition", "_offset", "_timestamp", "_ingested_at")
MARKS = ("is_repeat", "is_future")

Kind = Literal["events", "values", "steps", "letters"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table and the schema of its rows (none for dead letters).

    ``kind``: ``events`` keep every record and mark repeats; ``values`` keep the newest version of a key, so a row
    that comes twice is one; ``steps`` and ``letters`` keep every record.
    """

    name: str
    schema: str
    kind: Kind

    @property
    def raw(self) -> bool:
        """Whether the rows are events as departments published them."""
        return self.kind == "events"

    @property
    def keeps_all(self) -> bool:
        """Whether each offset is one row for ever, so that the table can be asked what it holds."""
        return self.kind != "values"


#: The topics that departments publish to: those with event tables.
EVENT_TOPICS: tuple[Topic, ...] = (*DOMAINS.values(), HEARTBEATS)

DEAD_LETTERS_TABLE = Table("dead_letters", "", "letters")


def _tables() -> dict[str, Table]:
    found = {t.name: Table(t.name.replace(".", "_"), t.schema, "events") for t in EVENT_TOPICS}
    found |= {t.name: Table("aggregates", t.schema, "values") for t in AGGREGATES.values()}
    found[ALERTS.name] = Table("alerts", ALERTS.schema, "values")
    found[DISPOSITIONS.name] = Table("dispositions", DISPOSITIONS.schema, "steps")
    found |= {t.dead_letters: DEAD_LETTERS_TABLE for t in TOPICS.values()}
    return found


#: Table by catalogue topic: everything the sink reads.
TABLES: Mapping[str, Table] = MappingProxyType(_tables())
